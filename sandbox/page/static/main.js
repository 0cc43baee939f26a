/** The page: receives the person's screen from the server and shows it. */

import { showAlert, showNewAlerts } from "./alerts.js";
import { ApiClient, listen } from "./api_client.js";
import { createElement, getById, replaceIfChanged } from "./dom.js";
import { FaultSwitches } from "./fault_switches.js";
import { icon } from "./icons.js";
import { Inbox, unreadEmailCount } from "./inbox.js";
import { Inspector } from "./inspector.js";
import { MessagePane } from "./messages.js";
import { Modals } from "./modal.js";
import { HOME, href, INBOX, INSPECTOR, isThread, readRoute, SWITCHES } from "./route.js";
import { drawPeople, drawSidebar, newMessages, othersUnread, shortCount } from "./sidebar.js";
import { Drafts, drawView } from "./surfaces.js";
import { Welcome } from "./welcome.js";

/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./route.js").Route} Route */
/** @typedef {{node: HTMLElement, update: (screen: Screen) => void}} Part */

class Page {
  /** @param {string} as */
  constructor(as) {
    this.api = new ApiClient(as, showAlert);
    this.modals = new Modals(this.api);
    this.inbox = new Inbox(() => this.draw());
    this.welcome = new Welcome(() => this.onWelcomeDismissed());
    /** @type {Screen | null} */
    this.screen = null;
    /** @type {Part | null} */
    this.part = null;
    /** @type {Part | null} */
    this.panel = null;
    /** @type {Inspector | null} */
    this.inspector = null;
    this.header = createElement("header", { class: "top" });
    this.content = createElement("div", { class: "inside" });
    getById("main").replaceChildren(this.header, this.welcome.node, this.content);
    addEventListener("hashchange", () => this.onHashChange());
    document.addEventListener("visibilitychange", () => this.draw());
  }

  start() {
    const path = `/api/live?as=${encodeURIComponent(this.api.as)}`;
    listen(path, "screen", (screen) => this.onScreen(screen), (connected) => document.body.classList.toggle("lost", !connected));
  }

  /** @param {Screen} screen */
  onScreen(screen) {
    this.screen = screen;
    this.api.as = screen.person.id;
    this.draw();
    this.modals.update(screen);
    showNewAlerts(screen.alerts);
  }

  onHashChange() {
    this.setNavigationOpen(false);
    this.draw();
    if (this.screen && readRoute(this.screen).place === HOME) void this.api.send({ act: "open_home" });
  }

  /** On a phone the people switcher and the sidebar are hidden until they are opened. @param {boolean} open */
  setNavigationOpen(open) {
    document.body.classList.toggle("navigation-open", open);
    document.getElementById("fold")?.setAttribute("aria-expanded", String(open));
  }

  onWelcomeDismissed() {
    this.draw();
    document.querySelector("textarea")?.focus();
  }

  draw() {
    const { screen } = this;
    if (!screen) return;
    const route = readRoute(screen);
    drawPeople(screen, route);
    drawSidebar(screen, route, unreadEmailCount(screen.emails));
    this.drawHeader(screen, route);
    this.welcome.update(screen, route);
    this.drawPart(screen, route);
    this.drawPanel(screen, route);
    this.markRead(screen, route);
  }

  /** @param {Screen} screen @param {Route} route */
  drawHeader(screen, route) {
    const title = titleOf(screen, route.place);
    const unread = screen.conversations.reduce((sum, one) => sum + one.unread, 0);
    document.title = `${unread ? `(${unread}) ` : ""}${title} · ${screen.person.real_name}`;
    const others = othersUnread(screen);
    replaceIfChanged(this.header, [title, screen.app, route, others, screen.conversations.map((one) => one.id)], () => [
      createElement("button", {
        type: "button", id: "fold", class: "quiet fold", onclick: () => this.setNavigationOpen(!isNavigationOpen()), "aria-expanded": String(isNavigationOpen()),
        "aria-label": others ? `Channels and people, ${newMessages(others)} for other people` : "Channels and people",
      }, icon("menu"), others > 0 && createElement("span", { class: "badge mark" }, shortCount(others))),
      createElement("h1", {}, title), appTabs(screen, route),
    ]);
  }

  /** @param {Screen} screen @param {Route} route */
  drawPart(screen, { place }) {
    if (this.content.dataset.place !== place) {
      this.content.dataset.place = place;
      this.part = this.partFor(place);
      this.content.replaceChildren(this.part.node);
    }
    this.part?.update(screen);
  }

  /** @param {string} place @returns {Part} */
  partFor(place) {
    if (place === INBOX) return this.inbox;
    return place === HOME ? new Home(this.api) : new MessagePane(this.api, place);
  }

  /** @param {Screen} screen @param {Route} route */
  drawPanel(screen, { place, panel }) {
    const side = getById("side");
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
    this.inspector?.watch(panel === INSPECTOR);
  }

  /** @param {Screen} screen @param {string} place @param {string} panel @returns {Part | null} */
  panelFor(screen, place, panel) {
    if (isThread(panel)) return new MessagePane(this.api, place, panel);
    if (panel === SWITCHES) return new FaultSwitches(this.api);
    if (panel !== INSPECTOR) return null;
    this.inspector ??= new Inspector(screen.person.tz);
    return { node: this.inspector.node, update: () => {} };
  }

  /** Tell the server, while the window is visible, that the person is looked at and the open conversation is read. @param {Screen} screen @param {Route} route */
  markRead(screen, { place }) {
    if (document.visibilityState !== "visible") return;
    const conversation = screen.conversations.find((one) => one.id === place);
    if (conversation?.unread) void this.api.send({ act: "read", conversation: place });
    if (screen.person.unread) void this.api.send({ act: "look" });
  }
}

const isNavigationOpen = () => document.body.classList.contains("navigation-open");

/** The app's Home tab. */
class Home {
  /** @param {ApiClient} api */
  constructor(api) {
    this.api = api;
    this.node = createElement("div", { class: "scroll home", "data-testid": "home" });
    /** @type {Drafts | null} */
    this.drafts = null;
  }

  /** @param {Screen} screen */
  update(screen) {
    const view = screen.home;
    replaceIfChanged(this.node, [view?.id, view?.hash, screen.names], () => {
      if (!view) return [createElement("p", { class: "empty" }, `${screen.app.name} has not drawn its Home tab yet.`)];
      if (this.drafts?.viewId !== view.id) this.drafts = new Drafts(this.api, view.id);
      return drawView(screen, this.api, view, this.drafts);
    });
  }
}

/** @param {Screen} screen @param {string} place */
function titleOf(screen, place) {
  if (place === INBOX) return "Inbox";
  const conversation = screen.conversations.find((one) => one.id === place);
  if (!conversation) return screen.app.name;
  return conversation.kind === "channel" ? `#${conversation.name.replace(/^#/, "")}` : conversation.name;
}

/** The app's two tabs: Home and Messages. @param {Screen} screen @param {Route} route */
function appTabs(screen, { place, panel }) {
  const direct = screen.conversations.find((one) => one.kind === "app")?.id;
  if (!screen.app.home_tab || !direct || (place !== HOME && place !== direct)) return null;
  const keptPanel = isThread(panel) ? "" : panel;
  const tab = (/** @type {string} */ label, /** @type {string} */ to) => createElement("a", { href: href({ place: to, panel: keptPanel }), "aria-current": place === to ? "page" : null }, label);
  return createElement("nav", { class: "app-tabs", "aria-label": screen.app.name }, tab("Home", HOME), tab("Messages", direct));
}

/** @param {string} panel @param {string} place */
function panelHeader(panel, place) {
  const title = { [INSPECTOR]: "Behind the scenes", [SWITCHES]: "Fault switches" }[panel] ?? "Thread";
  return createElement("header", { class: "top" }, createElement("h2", {}, title),
    createElement("a", { class: "quiet", href: href({ place, panel: "" }), "aria-label": "Close the panel" }, icon("close")));
}

new Page(new URLSearchParams(location.search).get("as") ?? "").start();
