/** A searchable menu: for several choices, or for options that the app delivers. */

import { isSameChoice, optionGroups, toChoice } from "./choice_elements.js";
import { createElement } from "./dom.js";
import { inputAttributes, sendState, stateValue } from "./element_state.js";
import { askConfirmation, placeAt } from "./menu.js";
import { plain } from "./mrkdwn.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Surface} Surface */
/** @typedef {import("./choice_elements.js").Choice} Choice */
/** @typedef {import("./choice_elements.js").Group} Group */

const SEARCH_DELAY_MS = 200;

/** @param {Json} element @param {Json} block @param {Surface} surface @returns {HTMLElement} */
export function combobox(element, block, surface) {
  return new Combobox(element, block, surface).box;
}

class Combobox {
  /** @param {Json} element @param {Json} block @param {Surface} surface */
  constructor(element, block, surface) {
    this.element = element;
    this.block = block;
    this.surface = surface;
    this.several = element.type.startsWith("multi_");
    this.external = element.type.endsWith("external_select");
    /** @type {any[]} */
    this.chosen = [stateValue(surface, block, element) ?? []].flat();
    /** @type {Choice[]} */
    this.offered = [];
    this.active = -1;
    this.requestNumber = 0;
    const attributes = inputAttributes(surface, block, element);
    this.id = attributes.id;
    this.list = createElement("div", { id: `${this.id}-list`, role: "listbox", class: "menu options", popover: "manual", "aria-label": "Options", "aria-multiselectable": this.several ? "true" : null });
    this.input = createElement("input", {
      ...attributes, type: "text", role: "combobox", autocomplete: "off", "aria-autocomplete": "list",
      "aria-expanded": "false", "aria-controls": this.list.id,
      oninput: () => this.search(),
      onblur: () => this.close(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.onKeyDown(event),
    });
    this.chips = createElement("span", { class: "chips" });
    // The list does not open on focus: a form starts with the focus here, and the list would cover the rest.
    this.box = createElement("div", { class: "field combobox", onclick: () => this.onClick() }, this.chips, this.input, this.list);
    this.draw();
  }

  /** The label of a chosen value. @param {any} value */
  label(value) {
    if (typeof value === "object") return plain(value.text);
    const choices = optionGroups(this.element, this.surface).flatMap((group) => group.choices);
    return choices.find((choice) => choice.value === value)?.label ?? this.surface.screen.names[value] ?? value;
  }

  draw() {
    const chips = this.chosen.map((value, i) => createElement(
      "span", { class: "chip" }, this.label(value),
      createElement("button", { type: "button", "aria-label": `Remove ${this.label(value)}`, onclick: () => void this.set(this.chosen.filter((_, at) => at !== i)) }, "×"),
    ));
    this.chips.replaceChildren(...chips);
    this.input.placeholder = this.chosen.length ? "" : plain(this.element.placeholder) || "Choose an option";
  }

  /** @param {any[]} chosen */
  async set(chosen) {
    this.input.value = "";
    if (!(await askConfirmation(this.element.confirm, this.surface.screen))) return;
    this.chosen = chosen;
    this.draw();
    await sendState(this.surface, this.block, this.element, this.several ? chosen : chosen[0] ?? null);
  }

  onClick() {
    this.input.focus();
    void this.search();
  }

  /** Show the options that match the typed text. */
  async search() {
    const typed = this.input.value.trim();
    if (!this.external) return this.offer(matchingGroups(optionGroups(this.element, this.surface), typed));
    const least = this.element.min_query_length ?? 3;
    this.requestNumber += 1;
    if (typed.length < least) return this.showNote(`Type ${least === 1 ? "a character" : `${least} characters`} to search.`);
    const request = this.requestNumber;
    await new Promise((resolve) => setTimeout(resolve, SEARCH_DELAY_MS));
    if (request !== this.requestNumber) return;
    this.showNote("Searching …");
    const options = await this.surface.search(this.block, this.element, typed);
    if (request === this.requestNumber) this.offer([{ label: "", choices: options.map(toChoice) }]);
  }

  /** @param {Group[]} groups */
  offer(groups) {
    this.offered = groups.flatMap((group) => group.choices);
    if (!this.offered.length) return this.showNote("No results.");
    let n = 0;
    this.list.replaceChildren(...groups.flatMap((group) => [
      ...(group.label ? [createElement("div", { class: "group", role: "presentation" }, group.label)] : []),
      ...group.choices.map((choice) => this.option(choice, n++)),
    ]));
    this.active = Math.min(this.active, this.offered.length - 1);
    this.open();
  }

  /** @param {Choice} choice @param {number} i */
  option(choice, i) {
    const isChosen = this.chosen.some((one) => isSameChoice(one, choice.value));
    return createElement("div", {
      role: "option", id: `${this.id}-option-${i}`, "aria-selected": String(isChosen),
      // The click must not move the focus from the input, because that would close the list first.
      onmousedown: (/** @type {Event} */ event) => event.preventDefault(),
      onclick: (/** @type {Event} */ event) => {
        event.stopPropagation();
        this.choose(choice);
      },
    }, choice.label);
  }

  /** @param {Choice} choice */
  choose(choice) {
    const others = this.chosen.filter((one) => !isSameChoice(one, choice.value));
    const takenBack = others.length < this.chosen.length;
    const full = this.several && this.chosen.length >= (this.element.max_selected_items ?? Infinity);
    if (!this.several) void this.set([choice.value]);
    else if (takenBack || !full) void this.set(takenBack ? others : [...this.chosen, choice.value]);
    // Slack closes the list here too; an open list would cover the form's button.
    this.close();
  }

  /** @param {string} sentence */
  showNote(sentence) {
    this.offered = [];
    this.list.replaceChildren(createElement("div", { class: "note" }, sentence));
    this.open();
  }

  open() {
    if (!this.box.isConnected || document.activeElement !== this.input) return;
    if (!this.list.matches(":popover-open")) this.list.showPopover();
    this.list.style.minWidth = `${this.box.offsetWidth}px`;
    placeAt(this.list, this.box);
    this.input.setAttribute("aria-expanded", "true");
    this.mark();
  }

  close() {
    this.requestNumber += 1;
    this.active = -1;
    if (this.list.matches(":popover-open")) this.list.hidePopover();
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  mark() {
    const options = [...this.list.querySelectorAll("[role=option]")];
    options.forEach((one, i) => one.classList.toggle("active", i === this.active));
    const activeOption = options[this.active];
    if (activeOption) this.input.setAttribute("aria-activedescendant", activeOption.id);
    else this.input.removeAttribute("aria-activedescendant");
    activeOption?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  onKeyDown(event) {
    const opened = this.list.matches(":popover-open");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!opened) void this.search();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.active = (this.active + step + this.offered.length) % Math.max(this.offered.length, 1);
      this.mark();
    } else if (event.key === "Enter" && opened) {
      event.preventDefault();
      const choice = this.offered[this.active];
      if (choice) this.choose(choice);
    } else if (event.key === "Escape" && opened) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (event.key === "Backspace" && !this.input.value && this.chosen.length) {
      void this.set(this.chosen.slice(0, -1));
    }
  }
}

/** @param {Group[]} groups @param {string} typed @returns {Group[]} */
function matchingGroups(groups, typed) {
  const fits = (/** @type {Choice} */ choice) => choice.label.toLowerCase().includes(typed.toLowerCase());
  return groups.map((group) => ({ ...group, choices: group.choices.filter(fits) })).filter((group) => group.choices.length);
}
