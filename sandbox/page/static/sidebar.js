/** The people switcher and the sidebar. */

import { avatar } from "./avatar.js";
import { createElement, getById, replaceIfChanged } from "./dom.js";
import { icon } from "./icons.js";
import { HOME, href, hrefAs, INBOX, INSPECTOR, isThread, SWITCHES } from "./route.js";

/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./route.js").Route} Route */

/** @param {Screen} screen @param {Route} route */
export function drawPeople(screen, route) {
  replaceIfChanged(getById("rail"), [screen.people, screen.person.id, route], () => screen.people.map((person) => createElement(
    "a", {
      id: `person-${person.id}`, href: hrefAs(route, person.id, screen), "data-person": person.id, class: "person",
      "aria-label": [person.real_name, person.role, person.unread && newMessages(person.unread)].filter(Boolean).join(", "),
      title: "Middle-click to open in a new window",
      "aria-current": person.id === screen.person.id ? "true" : null,
    },
    avatar(person.id, person.real_name, screen),
    person.unread > 0 && createElement("span", { class: "badge mark" }, shortCount(person.unread)),
    createElement("span", { class: "name" }, person.real_name.split(" ")[0]),
    createElement("span", { class: "role" }, person.role),
  )));
}

/** How many new messages wait for the people that are not on screen. @param {Screen} screen */
export function othersUnread(screen) {
  return screen.people.filter((person) => person.id !== screen.person.id).reduce((sum, person) => sum + person.unread, 0);
}

/** @param {number} count */
export const newMessages = (count) => (count === 1 ? "1 new message" : `${count} new messages`);

/** @param {number} count */
export const shortCount = (count) => (count > 99 ? "99+" : String(count));

/** @param {Screen} screen @param {Route} route @param {number} unreadEmails */
export function drawSidebar(screen, route, unreadEmails) {
  const { conversations, app, person, team, switches } = screen;
  const panel = isThread(route.panel) ? "" : route.panel;
  const activeFaults = switches.filter((one) => one.on).length;
  const from = [conversations, app, person, team, activeFaults, unreadEmails, route];
  const go = (/** @type {string} */ place) => ({ href: href({ place, panel }), current: route.place === place });
  const toggle = (/** @type {string} */ name) => ({ href: href({ place: route.place, panel: route.panel === name ? "" : name }), current: route.panel === name });
  replaceIfChanged(getById("sidebar"), from, () => [
    createElement("header", {}, createElement("strong", {}, team.name), createElement("span", { class: "me" }, createElement("i", { class: "dot" }), person.real_name)),
    group("Apps", [
      ...conversations.filter((one) => one.kind === "app").map((one) => entry({ ...go(one.id), sign: avatar(app.user_id, one.name, screen), label: one.name, unread: one.unread })),
      app.home_tab && entry({ ...go(HOME), sign: icon("home"), label: `${app.name} Home` }),
    ]),
    group("Channels", conversations.filter((one) => one.kind === "channel").map((one) => entry({ ...go(one.id), sign: icon("hash"), label: one.name.replace(/^#/, ""), unread: one.unread }))),
    group("Mail", [entry({ ...go(INBOX), sign: icon("mail"), label: "Inbox", unread: unreadEmails, id: "go-inbox" })]),
    createElement("div", { class: "grow" }),
    group("This sandbox", [
      entry({ ...toggle(INSPECTOR), sign: icon("layers"), label: "Behind the scenes", id: "go-inspector" }),
      entry({ ...toggle(SWITCHES), sign: icon("bolt"), label: "Fault switches", unread: activeFaults, id: "go-switches", warn: true }),
    ]),
  ]);
}

/** @param {string} title @param {(HTMLElement | false)[]} entries */
function group(title, entries) {
  const present = entries.filter((one) => one !== false);
  if (!present.length) return null;
  return createElement("section", {}, createElement("h2", {}, title), createElement("ul", {}, present.map((one) => createElement("li", {}, one))));
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
