/** PersonInfo one is, and where one can go. */

import { getById, createElement, replaceIfChanged } from "./dom.js";
import { icon } from "./icons.js";
import { avatar } from "./avatar.js";
import { BEHIND, HOME, INBOX, SWITCHES, href, hrefAs, isThread } from "./route.js";

/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./route.js").Route} Route */

/** @param {Screen} screen @param {Route} route */
export function drawRail(screen, route) {
  replaceIfChanged(getById("rail"), [screen.people, screen.person.id, route], () => screen.people.map((one) => createElement(
    "a", {
      id: `be-${one.id}`, href: hrefAs(route, one.id, screen), "data-person": one.id, class: "be",
      title: `${one.real_name} (in a new window: with the middle mouse button)`,
      "aria-current": one.id === screen.person.id ? "true" : null,
    },
    avatar(one.id, one.real_name, screen), createElement("span", {}, ...shortName(one.real_name)),
  )));
}

/** @param {Screen} screen @param {Route} route @param {number} letters  how many are unread */
export function drawSidebar(screen, route, letters) {
  const { conversations, app, person, team, switches } = screen;
  const panel = isThread(route.panel) ? "" : route.panel;
  const wrong = switches.filter((one) => one.on).length;
  const from = [conversations, app, person, team, wrong, letters, route];
  const go = (/** @type {string} */ place) => ({ href: href({ place, panel }), current: route.place === place });
  const toggle = (/** @type {string} */ name) => ({ href: href({ place: route.place, panel: route.panel === name ? "" : name }), current: route.panel === name });
  replaceIfChanged(getById("sidebar"), from, () => [
    createElement("header", {}, createElement("strong", {}, team.name), createElement("span", { class: "me" }, createElement("i", { class: "dot" }), person.real_name)),
    group("Apps", [
      ...conversations.filter((one) => one.kind === "app").map((one) => entry({ ...go(one.id), sign: avatar(app.user_id, one.name, screen), label: one.name, unread: one.unread })),
      app.home_tab && entry({ ...go(HOME), sign: icon("home"), label: `${app.name} Home` }),
    ]),
    group("Channels", conversations.filter((one) => one.kind === "channel").map((one) => entry({ ...go(one.id), sign: icon("hash"), label: one.name.replace(/^#/, ""), unread: one.unread }))),
    group("Mail", [entry({ ...go(INBOX), sign: icon("mail"), label: "Inbox", unread: letters, id: "go-inbox" })]),
    createElement("div", { class: "grow" }),
    group("This sandbox", [
      entry({ ...toggle(BEHIND), sign: icon("layers"), label: "Behind the scenes", id: "go-behind" }),
      entry({ ...toggle(SWITCHES), sign: icon("bolt"), label: "Make things go wrong", unread: wrong, id: "go-switches", warn: true }),
    ]),
  ]);
}

/** The first name for the eye, all of it for the ear. @param {string} name */
function shortName(name) {
  const [first, ...rest] = name.split(" ");
  return [first, rest.length > 0 && createElement("span", { class: "heard" }, ` ${rest.join(" ")}`)];
}

/** @param {string} title @param {(HTMLElement | false)[]} entries */
function group(title, entries) {
  const there = entries.filter((one) => one !== false);
  if (!there.length) return null;
  return createElement("section", {}, createElement("h2", {}, title), createElement("ul", {}, there.map((one) => createElement("li", {}, one))));
}

/** @param {{href: string, current: boolean, sign: Element, label: string, unread?: number, id?: string, warn?: boolean}} of */
function entry({ href: to, current, sign, label, unread = 0, id, warn }) {
  const words = warn ? `${unread} on` : `${unread} unread`;
  return createElement(
    "a", { href: to, id: id ?? `go-${to}`, class: unread ? "entry unread" : "entry", "aria-current": current ? "page" : null },
    sign, createElement("span", { class: "name" }, label),
    unread > 0 && createElement("span", { class: warn ? "badge warn" : "badge", "aria-label": words }, unread),
  );
}
