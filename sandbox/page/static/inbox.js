/** The person's e-mail, as a mail program would show it. */

import { el, keyed, renew } from "./dom.js";
import { clock, dayName } from "./times.js";

/** @typedef {import("./types.js").Letter} Letter */
/** @typedef {import("./types.js").Screen} Screen */

const READ = "letters read";

/** @returns {Set<string>} */
const readOnes = () => new Set(JSON.parse(sessionStorage.getItem(READ) ?? "[]"));

/** @param {Letter[]} letters */
export function unreadLetters(letters) {
  const read = readOnes();
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
    this.list = el("div", { class: "letters", role: "group", "aria-label": "Letters" });
    this.letter = el("section", { class: "letter", "aria-label": "The open letter" });
    this.node = el("div", { class: "inbox", "data-testid": "inbox" }, this.list, this.letter);
  }

  /** @param {Screen} screen */
  update(screen) {
    this.screen = screen;
    const { tz } = screen.person;
    const newestFirst = [...screen.letters].sort((one, other) => secondsOf(other) - secondsOf(one));
    const read = readOnes();
    const from = (/** @type {Letter} */ one) => [one.subject, read.has(one.id), one.id === this.open];
    keyed(this.list, newestFirst, (one) => one.id, from, (one) => this.entry(one, read, tz));
    if (!newestFirst.length) this.list.replaceChildren(el("p", { class: "empty" }, `No letters for ${screen.person.email} yet.`));
    const opened = newestFirst.find((one) => one.id === this.open);
    this.node.classList.toggle("reading", Boolean(opened));
    renew(this.letter, [opened ?? null, this.plain], () => (opened ? this.draw(opened, tz) : [el("p", { class: "empty" }, newestFirst.length ? "Pick a letter to read it." : "Letters will appear here as they arrive.")]));
  }

  /** @param {Letter} letter @param {Set<string>} read @param {string} tz */
  entry(letter, read, tz) {
    const at = secondsOf(letter);
    return el(
      "button", { type: "button", id: `letter-${letter.id}`, class: read.has(letter.id) ? "" : "unread", "data-testid": "letter", "aria-current": letter.id === this.open ? "true" : null, onclick: () => this.show(letter.id) },
      el("span", { class: "from" }, letter.from.replace(/\s*<.*>$/, "")), el("time", {}, clock(at, tz)),
      el("span", { class: "subject" }, letter.subject), el("span", { class: "begin" }, letter.text.slice(0, 120)),
    );
  }

  /** @param {string} id */
  show(id) {
    this.open = id;
    sessionStorage.setItem(READ, JSON.stringify([...readOnes().add(id)]));
    if (this.screen) this.update(this.screen);
    this.changed();
  }

  /** @param {Letter} letter @param {string} tz */
  draw(letter, tz) {
    const at = secondsOf(letter);
    const turn = (/** @type {boolean} */ plain) => {
      this.plain = plain;
      if (this.screen) this.update(this.screen);
    };
    const tab = (/** @type {string} */ label, /** @type {boolean} */ plain) => el("button", { type: "button", id: `as-${label}`, "aria-pressed": String(this.plain === plain), onclick: () => turn(plain) }, label);
    const asPlain = this.plain || !letter.html;
    return [
      el("button", { type: "button", class: "button back", onclick: () => this.show("") }, "← All letters"),
      el("h2", {}, letter.subject),
      el("dl", {}, el("dt", {}, "From"), el("dd", {}, letter.from), el("dt", {}, "To"), el("dd", {}, letter.to.join(", ")), el("dt", {}, "When"), el("dd", {}, `${dayName(at, tz)}, ${clock(at, tz)}`)),
      letter.html && el("div", { class: "segments", role: "group", "aria-label": "How to show it" }, tab("HTML", false), tab("Plain text", true)),
      asPlain ? el("pre", { class: "plain", tabindex: 0 }, letter.text) : el("iframe", { sandbox: "allow-popups allow-popups-to-escape-sandbox", srcdoc: letter.html, title: letter.subject }),
    ];
  }
}

/** @param {Letter} letter @returns {number} */
function secondsOf(letter) {
  const at = typeof letter.at === "number" ? letter.at : Date.parse(letter.at) / 1000;
  return Number.isFinite(at) ? at : 0;
}
