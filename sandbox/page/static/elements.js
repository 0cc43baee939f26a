/** Block Kit elements: one drawing function per element type. */

import { button, overflow } from "./buttons.js";
import { checkboxes, radioButtons, select } from "./choice_elements.js";
import { combobox } from "./combobox.js";
import { createElement } from "./dom.js";
import { dateTimeField, fileField, richTextField, textField } from "./input_elements.js";
import { unsupported } from "./rich_text.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Surface} Surface */

/** @type {Record<string, (element: Json, block: Json, place: Surface) => HTMLElement>} */
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
  datepicker: dateTimeField,
  timepicker: dateTimeField,
  datetimepicker: dateTimeField,
  file_input: fileField,
  image: (element) => image(element, "thumbnail"),
};

/** @param {Json} element @param {Json} block @param {Surface} surface @returns {HTMLElement} */
export function drawElement(element, block, surface) {
  return ELEMENTS[element?.type]?.(element, block, surface) ?? unsupported(element, "element");
}

/** An image, or its description if it cannot be loaded. @param {Json} from @param {string} kind @returns {HTMLElement} */
export function image(from, kind) {
  const missing = () => createElement("span", { class: `${kind} missing`, role: "img", "aria-label": from.alt_text ?? "" }, from.alt_text || "image");
  if (!/^(https?:|data:image\/)/i.test(from.image_url ?? "")) return missing();
  const node = createElement("img", { class: kind, src: from.image_url, alt: from.alt_text ?? "", loading: "lazy" });
  node.addEventListener("error", () => node.replaceWith(missing()), { once: true });
  return node;
}
