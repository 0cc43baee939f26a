/** Elements with fixed options: select menus, radio buttons, checkboxes. */

import { createElement } from "./dom.js";
import { elementId, inputAttributes, sendState, stateValue } from "./element_state.js";
import { askConfirmation } from "./menu.js";
import { plain, textNodes } from "./mrkdwn.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Surface} Surface */
/** @typedef {{label: string, value: any}} Choice */
/** @typedef {{label: string, choices: Choice[]}} Group */

/** The options of an element, in groups. @param {Json} element @param {Surface} surface @returns {Group[]} */
export function optionGroups(element, surface) {
  const { screen } = surface;
  const kind = element.type.replace(/^multi_/, "");
  if (kind === "users_select") return [{ label: "", choices: screen.people.map((one) => ({ label: one.real_name, value: one.id })) }];
  if (kind === "channels_select" || kind === "conversations_select") {
    const open = screen.conversations.filter((one) => (one.kind === "channel" ? takesChannels(element) : kind === "conversations_select" && takesApps(element)));
    return [{ label: "", choices: open.map((one) => ({ label: (one.kind === "channel" ? "#" : "") + one.name.replace(/^#/, ""), value: one.id })) }];
  }
  const groups = element.option_groups ?? [{ options: element.options ?? [] }];
  return groups.map((/** @type {Json} */ group) => ({ label: plain(group.label), choices: group.options.map(toChoice) }));
}

/** @param {Json} element */
const takesChannels = ({ filter }) => filter?.include?.some((/** @type {string} */ one) => one === "public" || one === "private") ?? true;

/** @param {Json} element */
const takesApps = ({ filter }) => !filter?.exclude_bot_users && (filter?.include?.includes("im") ?? true);

/** @param {Json} option @returns {Choice} */
export function toChoice(option) {
  const note = plain(option.description);
  return { label: plain(option.text) + (note ? ` — ${note}` : ""), value: option };
}

/** Whether two values are the same option, the same id, or both empty. @param {any} one @param {any} other */
export function isSameChoice(one, other) {
  if (!one || !other || typeof one !== "object") return (one ?? null) === (other ?? null);
  return one.value === other.value && one.text?.text === other.text?.text;
}

/** A single-choice menu, drawn as the browser's own select. @param {Json} element @param {Json} block @param {Surface} surface @returns {HTMLElement} */
export function select(element, block, surface) {
  const groups = optionGroups(element, surface);
  const choices = groups.flatMap((group) => group.choices);
  const mayBeEmpty = block.type === "input" && block.optional;
  const node = createElement("select", { ...inputAttributes(surface, block, element), class: "field select", "data-autofocus": element.focus_on_load ?? null });
  let n = 0;
  const option = (/** @type {Choice} */ choice) => createElement("option", { value: n++ }, choice.label);
  node.append(createElement("option", { value: "", hidden: !mayBeEmpty, disabled: !mayBeEmpty }, plain(element.placeholder) || "Choose an option"));
  for (const group of groups) {
    const options = group.choices.map(option);
    node.append(...(group.label ? [createElement("optgroup", { label: group.label }, options)] : options));
  }
  let chosen = String(choices.findIndex((choice) => isSameChoice(choice.value, stateValue(surface, block, element)))).replace("-1", "");
  const show = () => {
    node.value = chosen;
    node.classList.toggle("unset", chosen === "");
  };
  node.addEventListener("change", async () => {
    const picked = node.value;
    if (!(await askConfirmation(element.confirm, surface.screen))) return show();
    chosen = picked;
    show();
    await sendState(surface, block, element, picked === "" ? null : choices[Number(picked)].value);
  });
  show();
  return node;
}

/** @param {Json} element @param {Json} block @param {Surface} surface @returns {HTMLElement} */
export function radioButtons(element, block, surface) {
  return toggleList(element, block, surface, "radio", (inputs) => {
    const at = inputs.findIndex((input) => input.checked);
    return at < 0 ? null : element.options[at];
  });
}

/** @param {Json} element @param {Json} block @param {Surface} surface @returns {HTMLElement} */
export function checkboxes(element, block, surface) {
  return toggleList(element, block, surface, "checkbox", (inputs) =>
    element.options.filter((/** @type {Json} */ _, /** @type {number} */ i) => inputs[i].checked));
}

/**
 * @param {Json} element @param {Json} block @param {Surface} surface @param {"radio" | "checkbox"} type
 * @param {(inputs: HTMLInputElement[]) => unknown} value
 */
function toggleList(element, block, surface, type, value) {
  const { id, ...attributes } = inputAttributes(surface, block, element);
  const role = type === "radio" ? "radiogroup" : "group";
  const chosenOptions = () => [stateValue(surface, block, element) ?? []].flat();
  /** @type {HTMLInputElement[]} */
  const inputs = element.options.map((/** @type {Json} */ option, /** @type {number} */ i) => {
    const input = createElement("input", { type, id: i ? `${id}-${i}` : id, name: elementId(surface, block, element), value: option.value });
    input.checked = chosenOptions().some((/** @type {Json} */ one) => isSameChoice(one, option));
    return input;
  });
  let before = inputs.map((input) => input.checked);
  const changed = async () => {
    if (!(await askConfirmation(element.confirm, surface.screen))) return inputs.forEach((input, i) => { input.checked = before[i]; });
    before = inputs.map((input) => input.checked);
    await sendState(surface, block, element, value(inputs));
  };
  const rows = element.options.map((/** @type {Json} */ option, /** @type {number} */ i) => createElement(
    "label", { class: "choice" }, inputs[i],
    createElement("span", {}, ...textNodes(option.text, surface.screen),
      option.description && createElement("small", {}, ...textNodes(option.description, surface.screen))),
  ));
  return createElement("div", { ...attributes, role, class: "choices", "aria-invalid": null, "aria-required": null, onchange: changed }, rows);
}
