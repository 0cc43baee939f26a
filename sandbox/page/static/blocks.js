/** Block Kit's blocks: which function draws which. */

import { el } from "./dom.js";
import { drawElement, image } from "./elements.js";
import { icon } from "./icons.js";
import { markdown } from "./markdown.js";
import { isText, link, plain, textNodes } from "./mrkdwn.js";
import { richText, unknown } from "./rich_text.js";
import { elementId, isGroup } from "./states.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Place} Place */

/** @type {Record<string, (block: Json, place: Place) => HTMLElement>} */
const BLOCKS = {
  section,
  header: (block) => el("h2", { class: "block header" }, plain(block.text)),
  divider: () => el("hr", { class: "block divider" }),
  context,
  actions: (block, place) => el("div", { class: "block actions" },
    block.elements.map((/** @type {Json} */ one) => drawElement(one, block, place))),
  input,
  image: picture,
  rich_text: (block, place) => el("div", { class: "block" }, richText(block, place.screen)),
  markdown: (block) => el("div", { class: "block text" }, ...markdown(block.text)),
  video,
  file: remoteFile,
  table,
};

/** @param {Json[]} blocks @param {Place} place @returns {HTMLElement[]} */
export function drawBlocks(blocks, place) {
  return blocks.map((block) => drawn(block, place));
}

/** What cannot be drawn must not take everything around it along. @param {Json} block @param {Place} place */
function drawn(block, place) {
  try {
    return BLOCKS[block?.type]?.(block, place) ?? unknown(block, "block");
  } catch {
    return unknown(block, "block");
  }
}

/** @param {Json} block @param {Place} place */
function section(block, place) {
  const { screen } = place;
  const fields = (block.fields ?? []).map((/** @type {Json} */ one) => el("div", { class: "text" }, ...textNodes(one, screen)));
  return el(
    "div", { class: "block section" },
    el("div", { class: "body" },
      block.text && el("div", { class: "text" }, ...textNodes(block.text, screen)),
      fields.length > 0 && el("div", { class: "fields" }, fields)),
    block.accessory && el("div", { class: "accessory" }, drawElement(block.accessory, block, place)),
  );
}

/** @param {Json} block @param {Place} place */
function context(block, place) {
  const part = (/** @type {Json} */ one) => {
    if (one.type === "image") return image(one, "tiny");
    return isText(one) ? el("span", { class: "text" }, ...textNodes(one, place.screen)) : unknown(one, "element");
  };
  return el("div", { class: "block context" }, block.elements.map(part));
}

/** @param {Json} block @param {Place} place */
function input(block, place) {
  const id = elementId(place, block, block.element);
  const error = place.errors[block.block_id];
  // A group has no single control that a label could point to; its name is bound by id.
  const label = isGroup(block.element) ? el("div", labelled(id)) : el("label", { ...labelled(id), for: id });
  label.append(plain(block.label));
  if (block.optional) label.append(el("span", { class: "optional" }, " (optional)"));
  return el(
    "div", { class: error ? "block input invalid" : "block input" },
    label,
    drawElement(block.element, block, place),
    error && el("div", { class: "error", id: `${id}-error` }, error),
    block.hint && el("div", { class: "hint", id: `${id}-hint` }, ...textNodes(block.hint, place.screen)),
  );
}

/** @param {string} id */
const labelled = (id) => ({ class: "label", id: `${id}-label` });

/** @param {Json} block */
function picture(block) {
  return el("figure", { class: "block" }, block.title && el("figcaption", {}, plain(block.title)), image(block, "picture"));
}

/** It is played where it comes from: nothing of the outside runs in here. @param {Json} block */
function video(block) {
  const from = [block.provider_name, block.author_name].filter(Boolean).join(" · ");
  return el("div", { class: "block video" },
    from && el("small", {}, from),
    el("strong", {}, link(block.title_url ?? block.video_url, [plain(block.title)])),
    block.description && el("div", {}, plain(block.description)),
    link(block.video_url, [image({ image_url: block.thumbnail_url, alt_text: block.alt_text }, "picture")]));
}

/** A file that is kept elsewhere; Slack tells the app its id only. @param {Json} block */
function remoteFile(block) {
  return el("div", { class: "block" }, el("div", { class: "file" }, icon("file"), el("span", {}, block.external_id)));
}

/** @param {Json} block @param {Place} place */
function table(block, place) {
  const cell = (/** @type {Json} */ one) => (one.type === "rich_text" ? richText(one, place.screen) : String(one.text ?? one.value));
  const column = (/** @type {number} */ at) => {
    const settings = block.column_settings?.[at] ?? {};
    return { style: { "text-align": settings.align ?? "left", "white-space": settings.is_wrapped ? "pre-wrap" : "pre" } };
  };
  const rows = block.rows.map((/** @type {Json[]} */ row, /** @type {number} */ i) => el("tr", {},
    row.map((one, at) => el(i ? "td" : "th", column(at), cell(one)))));
  return el("div", { class: "block table", tabindex: 0, role: "group", "aria-label": "Table" }, el("table", {}, el("tbody", {}, rows)));
}
