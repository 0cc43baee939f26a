/** Input elements: texts, numbers, dates, times and files. */

import { toLocalInput, toSeconds } from "./date_format.js";
import { createElement } from "./dom.js";
import { inputAttributes, sendState, stateValue, toState } from "./element_state.js";
import { askConfirmation } from "./menu.js";
import { plain } from "./mrkdwn.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Surface} Surface */
/** @typedef {HTMLInputElement | HTMLTextAreaElement} Input */

/** @type {Record<string, Record<string, string>>} */
const TYPES = {
  plain_text_input: { type: "text" },
  email_text_input: { type: "email", autocomplete: "off" },
  url_text_input: { type: "url", autocomplete: "off" },
  number_input: { type: "text", inputmode: "decimal" },
};

/** @param {Json} element @param {Json} block @param {Surface} surface @returns {HTMLElement} */
export function textField(element, block, surface) {
  const attributes = {
    ...inputAttributes(surface, block, element),
    class: "field",
    placeholder: plain(element.placeholder) || null,
    maxlength: element.max_length ?? null,
    "data-autofocus": element.focus_on_load ?? null,
  };
  const multiline = element.multiline;
  /** @type {Input} */
  const input = multiline ? createElement("textarea", { ...attributes, rows: 4 }) : createElement("input", { ...attributes, ...TYPES[element.type] });
  input.value = String(stateValue(surface, block, element) ?? "");
  return withListeners(input, element, block, surface, () => input.value || null);
}

/** This page edits rich text as plain lines. @param {Json} element @param {Json} block @param {Surface} surface */
export function richTextField(element, block, surface) {
  const input = createElement("textarea", { ...inputAttributes(surface, block, element), class: "field", rows: 4, placeholder: plain(element.placeholder) || null });
  input.value = richTextContent(stateValue(surface, block, element));
  return withListeners(input, element, block, surface, () => (input.value ? toRichText(input.value) : null));
}

/** @param {string} text @returns {Json} */
function toRichText(text) {
  return { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] };
}

/** @param {Json | null | undefined} rich @returns {string} */
function richTextContent(rich) {
  if (!rich) return "";
  return rich.text ?? (rich.elements ?? []).map(richTextContent).join(rich.type === "rich_text" ? "\n" : "");
}

/**
 * Store every keystroke; an input with dispatch_action also sends it to the app.
 * @param {Input} input @param {Json} element @param {Json} block @param {Surface} surface @param {() => unknown} value
 */
function withListeners(input, element, block, surface, value) {
  const triggers = block.dispatch_action ? element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"] : [];
  const dispatch = () => surface.click(block, element, toState(element, value()));
  input.addEventListener("input", () => {
    surface.store(block, element, toState(element, value()));
    if (triggers.includes("on_character_entered")) void dispatch();
  });
  input.addEventListener("keydown", (event) => {
    const pressed = /** @type {KeyboardEvent} */ (event);
    if (pressed.key !== "Enter" || pressed.isComposing || !triggers.includes("on_enter_pressed") || pressed.shiftKey) return;
    pressed.preventDefault();
    void dispatch();
  });
  return input;
}

/** Dates and times are in the person's time zone, not the browser's.
 * @type {Record<string, {type: string, shown: (held: any, tz: string) => string, read: (typed: string, tz: string) => unknown}>} */
const DATE_TIME_FORMATS = {
  datepicker: { type: "date", shown: (value) => value, read: (typed) => typed },
  timepicker: { type: "time", shown: (value) => value, read: (typed) => typed },
  datetimepicker: { type: "datetime-local", shown: toLocalInput, read: toSeconds },
};

/** @param {Json} element @param {Json} block @param {Surface} surface @returns {HTMLElement} */
export function dateTimeField(element, block, surface) {
  const { type, shown, read } = DATE_TIME_FORMATS[element.type];
  const tz = element.timezone ?? surface.screen.person.tz;
  const input = createElement("input", { ...inputAttributes(surface, block, element), class: "field moment", type, title: plain(element.placeholder) || null });
  const value = stateValue(surface, block, element);
  let chosen = value ? shown(value, tz) : "";
  input.value = chosen;
  input.addEventListener("change", async () => {
    // Browsers report the years 2, 20 and 202 while a year is being typed.
    if (/^0/.test(input.value) && type !== "time") return;
    const typed = input.value;
    if (!(await askConfirmation(element.confirm, surface.screen))) {
      input.value = chosen;
      return;
    }
    chosen = typed;
    await sendState(surface, block, element, typed ? read(typed, tz) : null);
  });
  return input;
}

/** @param {Json} element @param {Json} block @param {Surface} surface @returns {HTMLElement} */
export function fileField(element, block, surface) {
  const accept = (element.filetypes ?? []).map((/** @type {string} */ kind) => `.${kind}`).join(",");
  const input = createElement("input", { ...inputAttributes(surface, block, element), class: "field", type: "file", accept: accept || null, multiple: (element.max_files ?? 10) > 1 });
  const fileList = createElement("small", { class: "kept" }, fileNames(stateValue(surface, block, element) ?? []));
  input.addEventListener("change", async () => {
    const files = await Promise.all([...(input.files ?? [])].slice(0, element.max_files ?? 10).map(readFile));
    fileList.textContent = fileNames(files);
    await sendState(surface, block, element, files);
  });
  return createElement("div", {}, input, fileList);
}

/** @param {Json[]} files */
const fileNames = (files) => files.map((file) => file.name).join(", ");

/** @param {File} file @returns {Promise<Json>} */
async function readFile(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return { name: file.name, title: file.name, mimetype: file.type, size: file.size, content: btoa(binary) };
}
