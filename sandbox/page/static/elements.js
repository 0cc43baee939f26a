/** Block Kit's elements: which function draws which. */

import { button, overflow } from "./buttons.js";
import { checkboxes, radioButtons, select } from "./choices.js";
import { combobox } from "./combobox.js";
import { el } from "./dom.js";
import { fileField, moment, richTextField, textField } from "./fields.js";
import { unknown } from "./rich_text.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Place} Place */

/** @type {Record<string, (element: Json, block: Json, place: Place) => HTMLElement>} */
const ELEMENTS = {
  button,
  overflow,
  checkboxes,
  radio_buttons: radioButtons,
  static_select: select,
  users_select: select,
  channels_select: select,
  conversations_select: select,
  external_select: combobox,
  multi_static_select: combobox,
  multi_external_select: combobox,
  multi_users_select: combobox,
  multi_channels_select: combobox,
  multi_conversations_select: combobox,
  plain_text_input: textField,
  email_text_input: textField,
  url_text_input: textField,
  number_input: textField,
  rich_text_input: richTextField,
  datepicker: moment,
  timepicker: moment,
  datetimepicker: moment,
  file_input: fileField,
  image: (element) => image(element, "thumbnail"),
};

/** @param {Json} element @param {Json} block @param {Place} place @returns {HTMLElement} */
export function drawElement(element, block, place) {
  return ELEMENTS[element?.type]?.(element, block, place) ?? unknown(element, "element");
}

/** A picture; where it cannot be loaded, its description. @param {Json} from @param {string} kind @returns {HTMLElement} */
export function image(from, kind) {
  const missing = () => el("span", { class: `${kind} missing`, role: "img", "aria-label": from.alt_text ?? "" }, from.alt_text || "image");
  if (!/^(https?:|data:image\/)/i.test(from.image_url ?? "")) return missing();
  const node = el("img", { class: kind, src: from.image_url, alt: from.alt_text ?? "", loading: "lazy" });
  node.addEventListener("error", () => node.replaceWith(missing()), { once: true });
  return node;
}
