/** Values of elements, in the form of Slack's `view.state.values`. */

import { createElement, idOf } from "./dom.js";
import { plain, textNodes } from "./mrkdwn.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Surface} Surface */

/** Element type → key of its value, key of its initial value. @type {Record<string, [string, string]>} */
const KEYS = {
  plain_text_input: ["value", "initial_value"],
  email_text_input: ["value", "initial_value"],
  url_text_input: ["value", "initial_value"],
  number_input: ["value", "initial_value"],
  rich_text_input: ["rich_text_value", "initial_value"],
  static_select: ["selected_option", "initial_option"],
  external_select: ["selected_option", "initial_option"],
  radio_buttons: ["selected_option", "initial_option"],
  overflow: ["selected_option", "initial_option"],
  users_select: ["selected_user", "initial_user"],
  channels_select: ["selected_channel", "initial_channel"],
  conversations_select: ["selected_conversation", "initial_conversation"],
  datepicker: ["selected_date", "initial_date"],
  timepicker: ["selected_time", "initial_time"],
  datetimepicker: ["selected_date_time", "initial_date_time"],
  checkboxes: ["selected_options", "initial_options"],
  multi_static_select: ["selected_options", "initial_options"],
  multi_external_select: ["selected_options", "initial_options"],
  multi_users_select: ["selected_users", "initial_users"],
  multi_channels_select: ["selected_channels", "initial_channels"],
  multi_conversations_select: ["selected_conversations", "initial_conversations"],
  file_input: ["files", "initial_files"],
};

/** @param {Json} element @param {unknown} value @returns {Json} */
export function toState(element, value) {
  return { type: element.type, [KEYS[element.type][0]]: value };
}

/** @param {Surface} surface @param {Json} block @param {Json} element @returns {any} */
export function stateValue(surface, block, element) {
  const [key, first] = KEYS[element.type];
  const state = surface.values[block.block_id]?.[element.action_id];
  return state && key in state ? state[key] : element[first];
}

/** Send a new value to the app at once, or store it until the form is submitted.
 * @param {Surface} surface @param {Json} block @param {Json} element @param {unknown} value */
export async function sendState(surface, block, element, value) {
  const state = toState(element, value);
  const isStored = block.type === "input" && !block.dispatch_action;
  if (isStored) surface.store(block, element, state);
  else await surface.click(block, element, state);
}

/** @param {Surface} surface @param {Json} block @param {Json} element */
export function elementId(surface, block, element) {
  return idOf(surface.scope, block.block_id ?? "", element.action_id ?? "");
}

/** Attributes that connect an element with its label, hint and error.
 * @param {Surface} surface @param {Json} block @param {Json} element @returns {Record<string, any>} */
export function inputAttributes(surface, block, element) {
  const id = elementId(surface, block, element);
  if (block.type !== "input") return { id, "aria-label": nameFor(surface, block, element) };
  const error = surface.errors[block.block_id];
  const about = [error && `${id}-error`, block.hint && `${id}-hint`].filter(Boolean).join(" ");
  return {
    id,
    "aria-labelledby": `${id}-label`,
    "aria-describedby": about || null,
    "aria-invalid": error ? "true" : null,
    "aria-required": block.optional || isGroup(element) ? null : "true",
  };
}

/** @param {Json} element */
export const isGroup = (element) => element.type === "checkboxes" || element.type === "radio_buttons";

/** Outside a form there is no label, so the nearest text is the name. @param {Surface} surface @param {Json} block @param {Json} element @returns {string} */
function nameFor(surface, block, element) {
  const beside = createElement("span", {}, ...textNodes(block.text, surface.screen)).textContent;
  return plain(element.placeholder) || beside || element.type.replaceAll("_", " ");
}
