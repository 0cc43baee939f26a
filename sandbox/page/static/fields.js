/** Elements that are typed into: texts, numbers, dates, times, files. */

import { el } from "./dom.js";
import { confirmed } from "./menu.js";
import { plain } from "./mrkdwn.js";
import { bound, held, report, stateOf } from "./states.js";
import { localFrom, secondsAt } from "./times.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Place} Place */
/** @typedef {HTMLInputElement | HTMLTextAreaElement} Input */

/** @type {Record<string, Record<string, string>>} */
const TYPES = {
  plain_text_input: { type: "text" },
  email_text_input: { type: "email", autocomplete: "off" },
  url_text_input: { type: "url", autocomplete: "off" },
  number_input: { type: "text", inputmode: "decimal" },
};

/** @param {Json} element @param {Json} block @param {Place} place @returns {HTMLElement} */
export function textField(element, block, place) {
  const attributes = {
    ...bound(place, block, element),
    class: "field",
    placeholder: plain(element.placeholder) || null,
    maxlength: element.max_length ?? null,
    "data-autofocus": element.focus_on_load ?? null,
  };
  const multiline = element.multiline;
  /** @type {Input} */
  const input = multiline ? el("textarea", { ...attributes, rows: 4 }) : el("input", { ...attributes, ...TYPES[element.type] });
  input.value = String(held(place, block, element) ?? "");
  return listened(input, element, block, place, () => input.value || null);
}

/** Rich text is typed here as plain lines. @param {Json} element @param {Json} block @param {Place} place */
export function richTextField(element, block, place) {
  const input = el("textarea", { ...bound(place, block, element), class: "field", rows: 4, placeholder: plain(element.placeholder) || null });
  input.value = saysRich(held(place, block, element));
  return listened(input, element, block, place, () => (input.value ? asRich(input.value) : null));
}

/** @param {string} text @returns {Json} */
function asRich(text) {
  return { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] };
}

/** @param {Json | null | undefined} rich @returns {string} */
function saysRich(rich) {
  if (!rich) return "";
  return rich.text ?? (rich.elements ?? []).map(saysRich).join(rich.type === "rich_text" ? "\n" : "");
}

/**
 * What is typed is kept at every stroke; of an input that dispatches, the app hears too.
 * @param {Input} input @param {Json} element @param {Json} block @param {Place} place @param {() => unknown} value
 */
function listened(input, element, block, place, value) {
  const on = block.dispatch_action ? element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"] : [];
  const tell = () => place.click(block, element, stateOf(element, value()));
  input.addEventListener("input", () => {
    place.keep(block, element, stateOf(element, value()));
    if (on.includes("on_character_entered")) void tell();
  });
  input.addEventListener("keydown", (event) => {
    const pressed = /** @type {KeyboardEvent} */ (event);
    if (pressed.key !== "Enter" || pressed.isComposing || !on.includes("on_enter_pressed") || pressed.shiftKey) return;
    pressed.preventDefault();
    void tell();
  });
  return input;
}

/** Date and time of the person, whatever zone this browser is in.
 * @type {Record<string, {type: string, shown: (held: any, tz: string) => string, read: (typed: string, tz: string) => unknown}>} */
const MOMENTS = {
  datepicker: { type: "date", shown: (value) => value, read: (typed) => typed },
  timepicker: { type: "time", shown: (value) => value, read: (typed) => typed },
  datetimepicker: { type: "datetime-local", shown: localFrom, read: secondsAt },
};

/** @param {Json} element @param {Json} block @param {Place} place @returns {HTMLElement} */
export function moment(element, block, place) {
  const { type, shown, read } = MOMENTS[element.type];
  const tz = element.timezone ?? place.screen.person.tz;
  const input = el("input", { ...bound(place, block, element), class: "field moment", type, title: plain(element.placeholder) || null });
  const value = held(place, block, element);
  let chosen = value ? shown(value, tz) : "";
  input.value = chosen;
  input.addEventListener("change", async () => {
    // While a year is being typed, browsers report the years 2, 20 and 202.
    if (/^0/.test(input.value) && type !== "time") return;
    const now = input.value;
    if (!(await confirmed(element.confirm, place.screen))) {
      input.value = chosen;
      return;
    }
    chosen = now;
    await report(place, block, element, now ? read(now, tz) : null);
  });
  return input;
}

/** @param {Json} element @param {Json} block @param {Place} place @returns {HTMLElement} */
export function fileField(element, block, place) {
  const accept = (element.filetypes ?? []).map((/** @type {string} */ kind) => `.${kind}`).join(",");
  const input = el("input", { ...bound(place, block, element), class: "field", type: "file", accept: accept || null, multiple: (element.max_files ?? 10) > 1 });
  const kept = el("small", { class: "kept" }, named(held(place, block, element) ?? []));
  input.addEventListener("change", async () => {
    const files = await Promise.all([...(input.files ?? [])].slice(0, element.max_files ?? 10).map(described));
    kept.textContent = named(files);
    await report(place, block, element, files);
  });
  return el("div", {}, input, kept);
}

/** @param {Json[]} files */
const named = (files) => files.map((file) => file.name).join(", ");

/** @param {File} file @returns {Promise<Json>} */
async function described(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return { name: file.name, title: file.name, mimetype: file.type, size: file.size, content: btoa(binary) };
}
