/** Make things go wrong, and see that nothing is lost. */

import { busy } from "./buttons.js";
import { el, keyed } from "./dom.js";

/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./types.js").Switch} Switch */
/** @typedef {import("./talk.js").Talk} Talk */

export class Switches {
  /** @param {Talk} talk */
  constructor(talk) {
    this.talk = talk;
    this.list = el("div", { class: "switches" });
    this.node = el("div", { class: "scroll", "data-testid": "switches" },
      el("p", { class: "lead" }, "Each of these happens in real life. Turn one on, go on working, turn it off, and look whether anything was lost."), this.list);
  }

  /** @param {Screen} screen */
  update(screen) {
    keyed(this.list, screen.switches, (one) => one.name, (one) => one, (one) => this.draw(one));
  }

  /** @param {Switch} one */
  draw(one) {
    const id = `switch-${one.name}`;
    const turn = (/** @type {Event} */ event) => busy(/** @type {HTMLElement} */ (event.currentTarget),
      this.talk.turn(one.kind === "toggle" ? { name: one.name, on: !one.on } : { name: one.name }));
    const about = { id, "data-switch": one.name, "aria-describedby": `${id}-hint`, type: "button", onclick: turn };
    const control = one.kind === "toggle"
      ? el("button", { ...about, class: "toggle", role: "switch", "aria-checked": String(one.on), "aria-labelledby": `${id}-label` }, el("i", {}))
      : el("button", { ...about, class: "button danger-outline", "aria-labelledby": `${id} ${id}-label` }, "Do it");
    return el("div", { class: one.on ? "switch on" : "switch" },
      el("div", {}, el("strong", { id: `${id}-label` }, one.label), el("p", { id: `${id}-hint` }, one.hint)), control);
  }
}
