/** The welcome: three lines that say who you are, what to try first, and what else there is. */

import { createElement, replaceIfChanged } from "./dom.js";
import { icon } from "./icons.js";
import { href, hrefAs, SWITCHES } from "./route.js";

/** @typedef {import("./types.js").PersonInfo} PersonInfo */
/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./route.js").Route} Route */
/** @typedef {import("./dom.js").Child} Child */

const DISMISSED_KEY = "welcome dismissed";
const EXAMPLE_TEXT = "my vpn is down";

/** @type {Record<PersonInfo["role"], {title: string, plural: string, task: string, firstStep: (command: string) => Child[]}>} */
const ROLES = {
  Employee: {
    title: "an employee", plural: "employees", task: "You need help from the help desk.",
    firstStep: (command) => ["type ", code(`${command} ${EXAMPLE_TEXT}`), " below and press Enter."],
  },
  Moderator: {
    title: "a moderator", plural: "moderators", task: "You answer the tickets that are offered to you.",
    firstStep: (command) => ["as Ada, type ", code(`${command} ${EXAMPLE_TEXT}`), ". Bob gets the ticket and can claim it."],
  },
  Admin: {
    title: "an admin", plural: "admins", task: "You manage members and settings.",
    firstStep: (command) => ["type ", code(`${command} admin`), " below and press Enter."],
  },
};

export const isWelcomeDismissed = () => sessionStorage.getItem(DISMISSED_KEY) !== null;

export class Welcome {
  /** @param {() => void} onDismiss */
  constructor(onDismiss) {
    this.onDismiss = onDismiss;
    this.node = createElement("section", { class: "welcome", "aria-label": "Welcome", "data-testid": "welcome" });
  }

  /** @param {Screen} screen @param {Route} route */
  update(screen, route) {
    const isAppOpen = screen.conversations.some(({ id, kind }) => id === route.place && kind === "app");
    this.node.hidden = isWelcomeDismissed() || !isAppOpen;
    replaceIfChanged(this.node, [screen.person, screen.people.map((person) => person.role), route], () => [
      createElement("div", { class: "welcome-lines" }, welcomeLines(screen, route)),
      createElement("button", { type: "button", class: "quiet", "aria-label": "Dismiss the welcome", title: "Dismiss", onclick: () => this.dismiss() }, icon("close")),
    ]);
  }

  dismiss() {
    sessionStorage.setItem(DISMISSED_KEY, "yes");
    this.onDismiss();
  }
}

/** @param {Screen} screen @param {Route} route @returns {HTMLElement[]} */
export function welcomeLines(screen, route) {
  const { person, commands } = screen;
  const role = ROLES[person.role];
  const command = commands[0]?.command;
  return [
    createElement("p", {}, "You are ", createElement("strong", {}, person.real_name), `, ${role.title}. ${role.task}`),
    ...(command ? [createElement("p", {}, createElement("strong", {}, "Try this first: "), role.firstStep(command))] : []),
    createElement("p", {}, "Then switch to ", otherPeople(screen, route), ". The ",
      createElement("a", { href: href({ place: route.place, panel: SWITCHES }) }, "fault switches"), " break something on purpose."),
  ];
}

/** Links to the other people, by role: "Bob, Eve, Mo (moderators) or Grace (admin)".
 * @param {Screen} screen @param {Route} route @returns {Child[]} */
function otherPeople(screen, route) {
  const others = screen.people.filter((person) => person.id !== screen.person.id);
  const groups = /** @type {PersonInfo["role"][]} */ (Object.keys(ROLES))
    .map((role) => ({ role, people: others.filter((person) => person.role === role) }))
    .filter(({ people }) => people.length);
  return groups.flatMap(({ role, people }, i) => [
    i > 0 && (i === groups.length - 1 ? " or " : ", "),
    ...people.flatMap((person, at) => [at > 0 && ", ", personLink(person, screen, route)]),
    ` (${people.length > 1 ? ROLES[role].plural : role.toLowerCase()})`,
  ]);
}

/** @param {PersonInfo} person @param {Screen} screen @param {Route} route */
function personLink(person, screen, route) {
  return createElement("a", { href: hrefAs(route, person.id, screen) }, person.real_name.split(" ")[0]);
}

/** @param {string} text */
const code = (text) => createElement("code", {}, text);
