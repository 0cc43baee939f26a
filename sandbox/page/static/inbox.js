/** The person's inbox, as a mail program shows it. */

import { clock, dayName } from "./date_format.js";
import { createElement, replaceIfChanged, updateList } from "./dom.js";

/** @typedef {import("./types.js").Email} Email */
/** @typedef {import("./types.js").Screen} Screen */

const READ_KEY = "e-mails read";

/** @returns {Set<string>} */
const readEmailIds = () => new Set(JSON.parse(sessionStorage.getItem(READ_KEY) ?? "[]"));

/** @param {Email[]} emails */
export function unreadEmailCount(emails) {
  const read = readEmailIds();
  return emails.filter((one) => !read.has(one.id)).length;
}

export class Inbox {
  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    this.open = "";
    this.plain = false;
    /** @type {Screen | null} */
    this.screen = null;
    this.list = createElement("div", { class: "emails", role: "group", "aria-label": "E-mails" });
    this.reader = createElement("section", { class: "email", "aria-label": "Open e-mail" });
    this.node = createElement("div", { class: "inbox", "data-testid": "inbox" }, this.list, this.reader);
  }

  /** @param {Screen} screen */
  update(screen) {
    this.screen = screen;
    const { tz } = screen.person;
    const newestFirst = [...screen.emails].sort((one, other) => secondsOf(other) - secondsOf(one));
    const read = readEmailIds();
    const from = (/** @type {Email} */ one) => [one.subject, read.has(one.id), one.id === this.open];
    updateList(this.list, newestFirst, (one) => one.id, from, (one) => this.entry(one, read, tz));
    if (!newestFirst.length) this.list.replaceChildren(createElement("p", { class: "empty" }, `No e-mails for ${screen.person.email} yet.`));
    const openEmail = newestFirst.find((one) => one.id === this.open);
    this.node.classList.toggle("reading", Boolean(openEmail));
    replaceIfChanged(this.reader, [openEmail ?? null, this.plain], () => (openEmail ? this.draw(openEmail, tz) : [createElement("p", { class: "empty" }, newestFirst.length ? "Pick an e-mail to read it." : "E-mails appear here when they arrive.")]));
  }

  /** @param {Email} email @param {Set<string>} read @param {string} tz */
  entry(email, read, tz) {
    const at = secondsOf(email);
    return createElement(
      "button", { type: "button", id: `email-${email.id}`, class: read.has(email.id) ? "" : "unread", "data-testid": "email", "aria-current": email.id === this.open ? "true" : null, onclick: () => this.show(email.id) },
      createElement("span", { class: "from" }, email.from.replace(/\s*<.*>$/, "")), createElement("time", {}, clock(at, tz)),
      createElement("span", { class: "subject" }, email.subject), createElement("span", { class: "begin" }, email.text.slice(0, 120)),
    );
  }

  /** @param {string} id */
  show(id) {
    this.open = id;
    sessionStorage.setItem(READ_KEY, JSON.stringify([...readEmailIds().add(id)]));
    if (this.screen) this.update(this.screen);
    this.onChange();
  }

  /** @param {Email} email @param {string} tz */
  draw(email, tz) {
    const at = secondsOf(email);
    const setPlain = (/** @type {boolean} */ plain) => {
      this.plain = plain;
      if (this.screen) this.update(this.screen);
    };
    const tab = (/** @type {string} */ label, /** @type {boolean} */ plain) => createElement("button", { type: "button", id: `as-${label}`, "aria-pressed": String(this.plain === plain), onclick: () => setPlain(plain) }, label);
    const asPlain = this.plain || !email.html;
    return [
      createElement("button", { type: "button", class: "button back", onclick: () => this.show("") }, "← All e-mails"),
      createElement("h2", {}, email.subject),
      createElement("dl", {}, createElement("dt", {}, "From"), createElement("dd", {}, email.from), createElement("dt", {}, "To"), createElement("dd", {}, email.to.join(", ")), createElement("dt", {}, "Date"), createElement("dd", {}, `${dayName(at, tz)}, ${clock(at, tz)}`)),
      email.html && createElement("div", { class: "segments", role: "group", "aria-label": "Format" }, tab("HTML", false), tab("Plain text", true)),
      asPlain ? createElement("pre", { class: "plain", tabindex: 0 }, email.text) : createElement("iframe", { sandbox: "allow-popups allow-popups-to-escape-sandbox", srcdoc: email.html, title: email.subject }),
    ];
  }
}

/** @param {Email} email @returns {number} */
function secondsOf(email) {
  const at = typeof email.at === "number" ? email.at : Date.parse(email.at) / 1000;
  return Number.isFinite(at) ? at : 0;
}
