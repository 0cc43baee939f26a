/** The composer: messages, slash commands, and the app's shortcuts behind the plus button. */

import { createElement, replaceIfChanged } from "./dom.js";
import { icon } from "./icons.js";
import { openMenu } from "./menu.js";

/** @typedef {import("./types.js").Command} Command */
/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./api_client.js").ApiClient} ApiClient */

/** Unsent texts, by conversation and thread. @type {Map<string, string>} */
const unsent = new Map();

export class Composer {
  /** @param {ApiClient} api @param {string} conversation @param {string} thread  the root's ts, or "" */
  constructor(api, conversation, thread) {
    this.api = api;
    this.to = { conversation, ...(thread ? { thread_ts: thread } : {}) };
    this.key = `${conversation}/${thread}`;
    this.id = thread ? "thread-composer" : "composer";
    /** @type {Command[]} */
    this.commands = [];
    this.active = -1;
    this.list = createElement("div", { class: "menu commands", id: `${this.id}-commands`, role: "listbox", "aria-label": "Commands", hidden: true });
    this.text = createElement("textarea", {
      id: this.id, "data-testid": this.id, rows: 1, "aria-autocomplete": "list", "aria-controls": this.list.id,
      oninput: () => this.onInput(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.onKeyDown(event),
      onblur: () => this.hide(),
    });
    this.text.value = unsent.get(this.key) ?? "";
    this.plusSlot = createElement("span", {});
    const send = createElement("button", { type: "submit", class: "send", "data-testid": thread ? "thread-send" : "send", "aria-label": "Send" }, icon("send"));
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.send();
    };
    this.node = createElement("form", { class: "composer", onsubmit: submit }, this.list, this.text, createElement("div", { class: "tools" }, this.plusSlot, createElement("span", { class: "grow" }), send));
  }

  /** @param {Screen} screen @param {string} name */
  update(screen, name) {
    this.commands = screen.commands;
    const label = this.to.thread_ts ? "Reply …" : `Message ${name}`;
    this.text.placeholder = label;
    this.text.setAttribute("aria-label", label);
    replaceIfChanged(this.plusSlot, screen.shortcuts.global, () => [this.plusButton(screen)]);
  }

  /** @param {Screen} screen */
  plusButton(screen) {
    const items = [
      ...screen.shortcuts.global.map((one) => ({ label: one.name, note: `Shortcut · ${screen.app.name}`, act: () => void this.api.send({ act: "shortcut", callback_id: one.callback_id }) })),
      ...screen.commands.map((one) => ({ label: one.command, note: one.description, act: () => this.write(`${one.command} `) })),
    ];
    const open = (/** @type {Event} */ event) => openMenu(/** @type {HTMLElement} */ (event.currentTarget), items, "Shortcuts and commands");
    return createElement("button", { type: "button", id: `${this.id}-plus`, class: "quiet", "aria-label": "Shortcuts and commands", "aria-haspopup": "menu", "aria-expanded": "false", onclick: open }, icon("plus"));
  }

  /** @param {string} text */
  write(text) {
    this.text.value = text;
    this.text.focus();
    this.onInput();
  }

  async send() {
    const text = this.text.value;
    if (!text.trim()) return;
    this.write("");
    const sent = await this.api.send({ act: "type", text, ...this.to });
    if (!sent && !this.text.value) this.write(text);
  }

  onInput() {
    unsent.set(this.key, this.text.value);
    const typed = this.text.value;
    const matching = typed.startsWith("/") ? this.commands.filter((one) => one.command.startsWith(typed)) : [];
    this.active = -1;
    this.list.hidden = !matching.length;
    this.list.replaceChildren(...matching.map((one, i) => this.suggestion(one, i)));
    this.mark();
  }

  /** @param {Command} command @param {number} i */
  suggestion(command, i) {
    return createElement("div", {
      role: "option", id: `${this.id}-command-${i}`, "data-command": command.command, "aria-selected": "false",
      onmousedown: (/** @type {Event} */ event) => event.preventDefault(), onclick: () => this.write(`${command.command} `),
    }, createElement("strong", {}, command.command), " ", createElement("span", { class: "usage" }, command.usage_hint), createElement("small", {}, command.description));
  }

  hide() {
    this.list.hidden = true;
  }

  mark() {
    [...this.list.children].forEach((one, i) => {
      one.classList.toggle("active", i === this.active);
      one.setAttribute("aria-selected", String(i === this.active));
    });
    const activeOption = this.list.children[this.active];
    if (activeOption) this.text.setAttribute("aria-activedescendant", activeOption.id);
    else this.text.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event */
  onKeyDown(event) {
    if (event.isComposing) return;
    const offered = this.list.hidden ? 0 : this.list.children.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const chosen = this.list.children[Math.max(this.active, 0)]?.getAttribute("data-command");
    if (offered && step) {
      event.preventDefault();
      this.active = this.active < 0 && step < 0 ? offered - 1 : (this.active + step + offered) % offered;
      this.mark();
    } else if (offered && event.key === "Escape") {
      this.hide();
    } else if (offered && !event.shiftKey && (event.key === "Tab" || (event.key === "Enter" && this.active >= 0))) {
      event.preventDefault();
      this.write(`${chosen} `);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void this.send();
    }
  }
}
