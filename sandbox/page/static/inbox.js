/** The person's e-mail, as a mail program would show it. */

import { createElement, updateList, replaceIfChanged } from "./dom.js";
import { clock, dayName } from "./date_format.js";

/** @typedef {import("./types.js").Email} Email */
/** @typedef {import("./types.js").Screen} Screen */

const READ = "letters read";

/** @returns {Set<string>} */
const readEmailIds = () => new Set(JSON.parse(sessionStorage.getItem(READ) ?? "[]"));

/** @param {Email[]} letters */
export function unreadEmailCount(letters) {
  const read = readEmailIds();
  return letters.filter((one) => !read.has(one.id)).length;
}

export class Inbox {
  /** @param {() => void} changed  something was read */
  constructor(changed) {
    this.changed = changed;
    this.open = "";
    this.plain = false;
    /** @type {Screen | null} */
    this.screen = null;
    this.list = createElement("div", { class: "letters", role: "group", "aria-label": "Letters" });
    this.reader = createElement("section", { class: "letter", "aria-label": "The open letter" });
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
    if (!newestFirst.length) this.list.replaceChildren(createElement("p", { class: "empty" }, `No letters for ${screen.person.email} yet.`));
    const opened = newestFirst.find((one) => one.id === this.open);
    this.node.classList.toggle("reading", Boolean(opened));
    replaceIfChanged(this.reader, [opened ?? null, this.plain], () => (opened ? this.draw(opened, tz) : [createElement("p", { class: "empty" }, newestFirst.length ? "Pick a letter to read it." : "Letters will appear here as they arrive.")]));
  }

  /** @param {Email} letter @param {Set<string>} read @param {string} tz */
  entry(letter, read, tz) {
    const at = secondsOf(letter);
    return createElement(
      "button", { type: "button", id: `letter-${letter.id}`, class: read.has(letter.id) ? "" : "unread", "data-testid": "letter", "aria-current": letter.id === this.open ? "true" : null, onclick: () => this.show(letter.id) },
      createElement("span", { class: "from" }, letter.from.replace(/\s*<.*>$/, "")), createElement("time", {}, clock(at, tz)),
      createElement("span", { class: "subject" }, letter.subject), createElement("span", { class: "begin" }, letter.text.slice(0, 120)),
    );
  }

  /** @param {string} id */
  show(id) {
    this.open = id;
    sessionStorage.setItem(READ, JSON.stringify([...readEmailIds().add(id)]));
    if (this.screen) this.update(this.screen);
    this.changed();
  }

  /** @param {Email} letter @param {string} tz */
  draw(letter, tz) {
    const at = secondsOf(letter);
    const turn = (/** @type {boolean} */ plain) => {
      this.plain = plain;
      if (this.screen) this.update(this.screen);
    };
    const tab = (/** @type {string} */ label, /** @type {boolean} */ plain) => createElement("button", { type: "button", id: `as-${label}`, "aria-pressed": String(this.plain === plain), onclick: () => turn(plain) }, label);
    const asPlain = this.plain || !letter.html;
    return [
      createElement("button", { type: "button", class: "button back", onclick: () => this.show("") }, "← All letters"),
      createElement("h2", {}, letter.subject),
      createElement("dl", {}, createElement("dt", {}, "From"), createElement("dd", {}, letter.from), createElement("dt", {}, "To"), createElement("dd", {}, letter.to.join(", ")), createElement("dt", {}, "When"), createElement("dd", {}, `${dayName(at, tz)}, ${clock(at, tz)}`)),
      letter.html && createElement("div", { class: "segments", role: "group", "aria-label": "How to show it" }, tab("HTML", false), tab("Plain text", true)),
      asPlain ? createElement("pre", { class: "plain", tabindex: 0 }, letter.text) : createElement("iframe", { sandbox: "allow-popups allow-popups-to-escape-sandbox", srcdoc: letter.html, title: letter.subject }),
    ];
  }
}

/** @param {Email} letter @returns {number} */
function secondsOf(letter) {
  const at = typeof letter.at === "number" ? letter.at : Date.parse(letter.at) / 1000;
  return Number.isFinite(at) ? at : 0;
}
