/** The fault switches: break a part, and see that nothing is lost. */

import { withBusyButton } from "./buttons.js";
import { createElement, updateList } from "./dom.js";

/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./types.js").Switch} Switch */
/** @typedef {import("./api_client.js").ApiClient} ApiClient */

export class FaultSwitches {
  /** @param {ApiClient} api */
  constructor(api) {
    this.api = api;
    this.list = createElement("div", { class: "switches" });
    this.node = createElement("div", { class: "scroll", "data-testid": "switches" },
      createElement("p", { class: "lead" }, "These faults happen in real life. Turn one on, keep working, turn it off, and check that no ticket was lost."), this.list);
  }

  /** @param {Screen} screen */
  update(screen) {
    updateList(this.list, screen.switches, (one) => one.name, (one) => one, (one) => this.draw(one));
  }

  /** @param {Switch} one */
  draw(one) {
    const id = `switch-${one.name}`;
    const turn = (/** @type {Event} */ event) => withBusyButton(/** @type {HTMLElement} */ (event.currentTarget),
      this.api.setSwitch(one.kind === "toggle" ? { name: one.name, on: !one.on } : { name: one.name }));
    const about = { id, "data-switch": one.name, "aria-describedby": `${id}-hint`, type: "button", onclick: turn };
    const control = one.kind === "toggle"
      ? createElement("button", { ...about, class: "toggle", role: "switch", "aria-checked": String(one.on), "aria-labelledby": `${id}-label` }, createElement("i", {}))
      : createElement("button", { ...about, class: "button danger-outline", "aria-labelledby": `${id} ${id}-label` }, "Run");
    return createElement("div", { class: one.on ? "switch on" : "switch" },
      createElement("div", {}, createElement("strong", { id: `${id}-label` }, one.label), createElement("p", { id: `${id}-hint` }, one.hint)), control);
  }
}
