/** Modals: one native dialog per view of the stack. */

import { moveAlertsOut } from "./alerts.js";
import { withBusyButton } from "./buttons.js";
import { createElement, getById, replaceIfChanged } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { icon } from "./icons.js";
import { Drafts, drawView } from "./surfaces.js";

/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./types.js").View} View */
/** @typedef {import("./api_client.js").ApiClient} ApiClient */

const FIELDS = "input:not([type=hidden]), textarea, select";

export class Modals {
  /** @param {ApiClient} api */
  constructor(api) {
    this.api = api;
    /** @type {Map<string, OpenModal>} */
    this.open = new Map();
    this.openedFrom = "";
  }

  /** @param {Screen} screen */
  update(screen) {
    if (!this.open.size) this.openedFrom = document.activeElement?.id ?? "";
    const hadOne = this.open.size > 0;
    for (const [id, one] of this.open) {
      if (screen.modals.some((view) => view.id === id)) continue;
      this.open.delete(id);
      one.remove();
    }
    screen.modals.forEach((view, i) => {
      const modal = this.open.get(view.id) ?? new OpenModal(this.api, view.id);
      this.open.set(view.id, modal);
      modal.update(screen, view, { beneath: screen.modals.length - 1 - i, depth: i });
    });
    if (hadOne && !this.open.size) this.restoreFocus();
  }

  /** The browser restores the focus itself, unless the element was redrawn meanwhile. */
  restoreFocus() {
    if (document.activeElement && document.activeElement !== document.body) return;
    (document.getElementById(this.openedFrom) ?? document.querySelector("[data-testid=composer]") ?? getById("main"))
      .focus();
  }
}

/** One open view. */
class OpenModal {
  /** @param {ApiClient} api @param {string} id */
  constructor(api, id) {
    this.api = api;
    this.id = id;
    this.drafts = new Drafts(api, id);
    this.form = createElement("form", { novalidate: true, onsubmit: (/** @type {SubmitEvent} */ event) => this.submit(event) });
    this.dialog = createElement("dialog", { class: "modal", "aria-labelledby": `title-${id}` }, this.form);
    this.dialog.addEventListener("cancel", (event) => {
      if (event.target !== this.dialog) return;
      event.preventDefault();
      void this.close();
    });
    this.gone = false;
    document.body.append(this.dialog);
  }

  /** @param {Screen} screen @param {View} view @param {{beneath: number, depth: number}} stack */
  update(screen, view, { beneath, depth }) {
    this.dialog.dataset.testid = beneath ? "modal-beneath" : "modal";
    this.dialog.style.setProperty("--depth", String(depth));
    const changed = replaceIfChanged(this.form, [view.hash, view.errors, view.title, screen.names], () => this.draw(screen, view));
    if (!this.dialog.open && !this.gone) {
      this.dialog.showModal();
      this.focusFirst();
    } else if (changed) {
      this.focusAfterChange(view);
    }
  }

  /** @param {Screen} screen @param {View} view */
  draw(screen, view) {
    const close = view.close || "Close";
    return [
      createElement("header", {},
        createElement("h1", { id: `title-${this.id}` }, withEmoji(view.title)),
        createElement("button", { type: "button", class: "quiet", "aria-label": "Close this window", onclick: () => this.close() }, icon("close"))),
      createElement("div", { class: "modal-body" }, drawView(screen, this.api, view, this.drafts)),
      createElement("footer", {},
        createElement("button", { type: "button", class: "button", id: `close-${this.id}`, "data-testid": "modal-close", onclick: () => this.close() }, withEmoji(close)),
        view.submit && createElement("button", { type: "submit", class: "button primary", id: `submit-${this.id}`, "data-testid": "modal-submit" }, withEmoji(view.submit))),
    ];
  }

  focusFirst() {
    const first = this.dialog.querySelector("[data-autofocus]")
      ?? this.dialog.querySelector(`.modal-body :is(${FIELDS})`)
      ?? this.dialog.querySelector("[data-testid=modal-submit], [data-testid=modal-close]");
    if (first instanceof HTMLElement) first.focus();
  }

  /** @param {View} view */
  focusAfterChange(view) {
    if (Object.keys(view.errors ?? {}).length) this.focusInvalid();
    else if (!this.dialog.contains(document.activeElement)) this.focusFirst();
  }

  focusInvalid() {
    const field = this.dialog.querySelector(`.invalid :is(${FIELDS})`);
    if (!(field instanceof HTMLElement)) return;
    field.focus();
    // The error stands below the field, and `focus` scrolls only the field into view.
    field.closest(".invalid")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {SubmitEvent} event */
  async submit(event) {
    event.preventDefault();
    const pressed = this.dialog.querySelector("[data-testid=modal-submit]");
    if (!(pressed instanceof HTMLElement)) return;
    await withBusyButton(pressed, this.drafts.flush().then(() => this.api.send({ act: "submit", view_id: this.id })));
    if (!this.gone) this.focusInvalid();
  }

  async close() {
    await this.api.send({ act: "close", view_id: this.id });
  }

  remove() {
    this.gone = true;
    moveAlertsOut(this.dialog);
    this.dialog.close();
    this.dialog.remove();
  }
}
