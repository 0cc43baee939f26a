/** Elements with a fixed choice: menus of one, radio buttons, checkboxes. */

import { el } from "./dom.js";
import { confirmed } from "./menu.js";
import { plain, textNodes } from "./mrkdwn.js";
import { bound, elementId, held, report } from "./states.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Place} Place */
/** @typedef {{label: string, value: any}} Choice */
/** @typedef {{label: string, choices: Choice[]}} Group */

/** What can be chosen, in its groups. @param {Json} element @param {Place} place @returns {Group[]} */
export function groupsOf(element, place) {
  const { screen } = place;
  const kind = element.type.replace(/^multi_/, "");
  if (kind === "users_select") return [{ label: "", choices: screen.people.map((one) => ({ label: one.real_name, value: one.id })) }];
  if (kind === "channels_select" || kind === "conversations_select") {
    const open = screen.conversations.filter((one) => (one.kind === "channel" ? takesChannels(element) : kind === "conversations_select" && takesApps(element)));
    return [{ label: "", choices: open.map((one) => ({ label: (one.kind === "channel" ? "#" : "") + one.name.replace(/^#/, ""), value: one.id })) }];
  }
  const groups = element.option_groups ?? [{ options: element.options ?? [] }];
  return groups.map((/** @type {Json} */ group) => ({ label: plain(group.label), choices: group.options.map(choiceOf) }));
}

/** @param {Json} element */
const takesChannels = ({ filter }) => filter?.include?.some((/** @type {string} */ one) => one === "public" || one === "private") ?? true;

/** @param {Json} element */
const takesApps = ({ filter }) => !filter?.exclude_bot_users && (filter?.include?.includes("im") ?? true);

/** @param {Json} option @returns {Choice} */
export function choiceOf(option) {
  const note = plain(option.description);
  return { label: plain(option.text) + (note ? ` — ${note}` : ""), value: option };
}

/** The same option, id or nothing. @param {any} one @param {any} other */
export function same(one, other) {
  if (!one || !other || typeof one !== "object") return (one ?? null) === (other ?? null);
  return one.value === other.value && one.text?.text === other.text?.text;
}

/** A menu of one, as the browser's own. @param {Json} element @param {Json} block @param {Place} place @returns {HTMLElement} */
export function select(element, block, place) {
  const groups = groupsOf(element, place);
  const choices = groups.flatMap((group) => group.choices);
  const mayBeEmpty = block.type === "input" && block.optional;
  const node = el("select", { ...bound(place, block, element), class: "field select", "data-autofocus": element.focus_on_load ?? null });
  let n = 0;
  const option = (/** @type {Choice} */ choice) => el("option", { value: n++ }, choice.label);
  node.append(el("option", { value: "", hidden: !mayBeEmpty, disabled: !mayBeEmpty }, plain(element.placeholder) || "Choose an option"));
  for (const group of groups) {
    const options = group.choices.map(option);
    node.append(...(group.label ? [el("optgroup", { label: group.label }, options)] : options));
  }
  let chosen = String(choices.findIndex((choice) => same(choice.value, held(place, block, element)))).replace("-1", "");
  const show = () => {
    node.value = chosen;
    node.classList.toggle("unset", chosen === "");
  };
  node.addEventListener("change", async () => {
    const now = node.value;
    if (!(await confirmed(element.confirm, place.screen))) return show();
    chosen = now;
    show();
    await report(place, block, element, now === "" ? null : choices[Number(now)].value);
  });
  show();
  return node;
}

/** @param {Json} element @param {Json} block @param {Place} place @returns {HTMLElement} */
export function radioButtons(element, block, place) {
  return ticked(element, block, place, "radio", (inputs) => {
    const at = inputs.findIndex((input) => input.checked);
    return at < 0 ? null : element.options[at];
  });
}

/** @param {Json} element @param {Json} block @param {Place} place @returns {HTMLElement} */
export function checkboxes(element, block, place) {
  return ticked(element, block, place, "checkbox", (inputs) =>
    element.options.filter((/** @type {Json} */ _, /** @type {number} */ i) => inputs[i].checked));
}

/**
 * @param {Json} element @param {Json} block @param {Place} place @param {"radio" | "checkbox"} type
 * @param {(inputs: HTMLInputElement[]) => unknown} value
 */
function ticked(element, block, place, type, value) {
  const { id, ...attributes } = bound(place, block, element);
  const role = type === "radio" ? "radiogroup" : "group";
  const now = () => [held(place, block, element) ?? []].flat();
  /** @type {HTMLInputElement[]} */
  const inputs = element.options.map((/** @type {Json} */ option, /** @type {number} */ i) => {
    const input = el("input", { type, id: i ? `${id}-${i}` : id, name: elementId(place, block, element), value: option.value });
    input.checked = now().some((/** @type {Json} */ one) => same(one, option));
    return input;
  });
  let before = inputs.map((input) => input.checked);
  const changed = async () => {
    if (!(await confirmed(element.confirm, place.screen))) return inputs.forEach((input, i) => { input.checked = before[i]; });
    before = inputs.map((input) => input.checked);
    await report(place, block, element, value(inputs));
  };
  const rows = element.options.map((/** @type {Json} */ option, /** @type {number} */ i) => el(
    "label", { class: "choice" }, inputs[i],
    el("span", {}, ...textNodes(option.text, place.screen),
      option.description && el("small", {}, ...textNodes(option.description, place.screen))),
  ));
  return el("div", { ...attributes, role, class: "choices", "aria-invalid": null, "aria-required": null, onchange: changed }, rows);
}
