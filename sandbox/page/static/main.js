/** The page: hears what is on the person's screen, and shows it. */

import { hearAlerts, say } from "./alerts.js";
import { Behind } from "./behind.js";
import { byId, el, renew } from "./dom.js";
import { icon } from "./icons.js";
import { Inbox, unreadLetters } from "./inbox.js";
import { Pane } from "./messages.js";
import { Modals } from "./modal.js";
import { Drafts, drawView } from "./places.js";
import { BEHIND, HOME, INBOX, SWITCHES, current, href, isThread } from "./route.js";
import { drawRail, drawSidebar } from "./sidebar.js";
import { Switches } from "./switches.js";
import { Talk, listen } from "./talk.js";

/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./route.js").Route} Route */
/** @typedef {{node: HTMLElement, update: (screen: Screen) => void}} Part */

class Page {
  /** @param {string} as */
  constructor(as) {
    this.talk = new Talk(as, say);
    this.modals = new Modals(this.talk);
    this.inbox = new Inbox(() => this.draw());
    /** @type {Screen | null} */
    this.screen = null;
    /** @type {Part | null} */
    this.part = null;
    /** @type {Part | null} */
    this.panel = null;
    /** @type {Behind | null} */
    this.behind = null;
    this.header = el("header", { class: "top" });
    this.inside = el("div", { class: "inside" });
    byId("main").replaceChildren(this.header, this.inside);
    addEventListener("hashchange", () => this.went());
  }

  start() {
    const path = `/api/live?as=${encodeURIComponent(this.talk.as)}`;
    listen(path, "screen", (screen) => this.hear(screen), (connected) => document.body.classList.toggle("lost", !connected));
  }

  /** @param {Screen} screen */
  hear(screen) {
    this.screen = screen;
    this.talk.as = screen.person.id;
    this.draw();
    this.modals.update(screen);
    hearAlerts(screen.alerts);
  }

  went() {
    document.body.classList.remove("places");
    this.draw();
    if (this.screen && current(this.screen).place === HOME) void this.talk.act({ act: "open_home" });
  }

  draw() {
    const { screen } = this;
    if (!screen) return;
    const route = current(screen);
    drawRail(screen, route);
    drawSidebar(screen, route, unreadLetters(screen.letters));
    this.drawHeader(screen, route);
    this.drawPart(screen, route);
    this.drawPanel(screen, route);
    this.markRead(screen, route);
  }

  /** @param {Screen} screen @param {Route} route */
  drawHeader(screen, route) {
    const title = titleOf(screen, route.place);
    const unread = screen.conversations.reduce((sum, one) => sum + one.unread, 0);
    document.title = `${unread ? `(${unread}) ` : ""}${title} · ${screen.person.real_name}`;
    renew(this.header, [title, screen.app, route, screen.conversations.map((one) => one.id)], () => [
      el("button", { type: "button", id: "fold", class: "quiet fold", "aria-label": "Places and people", onclick: () => document.body.classList.toggle("places") }, icon("menu")),
      el("h1", {}, title), appTabs(screen, route),
    ]);
  }

  /** @param {Screen} screen @param {Route} route */
  drawPart(screen, { place }) {
    if (this.inside.dataset.place !== place) {
      this.inside.dataset.place = place;
      this.part = this.partFor(place);
      this.inside.replaceChildren(this.part.node);
    }
    this.part?.update(screen);
  }

  /** @param {string} place @returns {Part} */
  partFor(place) {
    if (place === INBOX) return this.inbox;
    return place === HOME ? new Home(this.talk) : new Pane(this.talk, place);
  }

  /** @param {Screen} screen @param {Route} route */
  drawPanel(screen, { place, panel }) {
    const side = byId("side");
    const key = isThread(panel) ? `${place}/${panel}` : panel;
    const opened = side.dataset.panel !== key;
    if (opened) {
      side.dataset.panel = key;
      this.panel = this.panelFor(screen, place, panel);
      side.hidden = !this.panel;
      side.replaceChildren(...(this.panel ? [panelHeader(panel, place), this.panel.node] : []));
    }
    this.panel?.update(screen);
    if (opened) side.querySelector("textarea")?.focus();
    this.behind?.watch(panel === BEHIND);
  }

  /** @param {Screen} screen @param {string} place @param {string} panel @returns {Part | null} */
  panelFor(screen, place, panel) {
    if (isThread(panel)) return new Pane(this.talk, place, panel);
    if (panel === SWITCHES) return new Switches(this.talk);
    if (panel !== BEHIND) return null;
    const behind = this.behind ?? new Behind(screen.person.tz);
    this.behind = behind;
    return { node: behind.node, update: () => {} };
  }

  /** What lies open before one's eyes is read. @param {Screen} screen @param {Route} route */
  markRead(screen, { place }) {
    const here = screen.conversations.find((one) => one.id === place);
    if (here?.unread && document.visibilityState === "visible") void this.talk.act({ act: "read", conversation: place });
  }
}

/** The app's Home tab. */
class Home {
  /** @param {Talk} talk */
  constructor(talk) {
    this.talk = talk;
    this.node = el("div", { class: "scroll home", "data-testid": "home" });
    /** @type {Drafts | null} */
    this.drafts = null;
  }

  /** @param {Screen} screen */
  update(screen) {
    const view = screen.home;
    renew(this.node, [view?.id, view?.hash, screen.names], () => {
      if (!view) return [el("p", { class: "empty" }, `${screen.app.name} has not drawn its Home tab yet.`)];
      if (this.drafts?.viewId !== view.id) this.drafts = new Drafts(this.talk, view.id);
      return drawView(screen, this.talk, view, this.drafts);
    });
  }
}

/** @param {Screen} screen @param {string} place */
function titleOf(screen, place) {
  if (place === INBOX) return "Inbox";
  const here = screen.conversations.find((one) => one.id === place);
  if (!here) return screen.app.name;
  return here.kind === "channel" ? `#${here.name.replace(/^#/, "")}` : here.name;
}

/** An app has two tabs: its Home and the messages with it. @param {Screen} screen @param {Route} route */
function appTabs(screen, { place, panel }) {
  const direct = screen.conversations.find((one) => one.kind === "app")?.id;
  if (!screen.app.home_tab || !direct || (place !== HOME && place !== direct)) return null;
  const kept = isThread(panel) ? "" : panel;
  const tab = (/** @type {string} */ label, /** @type {string} */ to) => el("a", { href: href({ place: to, panel: kept }), "aria-current": place === to ? "page" : null }, label);
  return el("nav", { class: "app-tabs", "aria-label": screen.app.name }, tab("Home", HOME), tab("Messages", direct));
}

/** @param {string} panel @param {string} place */
function panelHeader(panel, place) {
  const title = { [BEHIND]: "Behind the scenes", [SWITCHES]: "Make things go wrong" }[panel] ?? "Thread";
  return el("header", { class: "top" }, el("h2", {}, title),
    el("a", { class: "quiet", href: href({ place, panel: "" }), "aria-label": "Close the panel" }, icon("close")));
}

new Page(new URLSearchParams(location.search).get("as") ?? "").start();
