/** Block Kit blocks: one drawing function per block type. */

import { createElement } from "./dom.js";
import { elementId, isGroup } from "./element_state.js";
import { drawElement, image } from "./elements.js";
import { icon } from "./icons.js";
import { markdown } from "./markdown.js";
import { isText, link, plain, textNodes } from "./mrkdwn.js";
import { richText, unsupported } from "./rich_text.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Surface} Surface */

/** @type {Record<string, (block: Json, place: Surface) => HTMLElement>} */
const BLOCKS = {
  section,
  header: (block) => createElement("h2", { class: "block header" }, plain(block.text)),
  divider: () => createElement("hr", { class: "block divider" }),
  context,
  actions: (block, surface) => createElement("div", { class: "block actions" },
    block.elements.map((/** @type {Json} */ one) => drawElement(one, block, surface))),
  input,
  image: picture,
  rich_text: (block, surface) => createElement("div", { class: "block" }, richText(block, surface.screen)),
  markdown: (block) => createElement("div", { class: "block text" }, ...markdown(block.text)),
  video,
  file: remoteFile,
  table,
};

/** @param {Json[]} blocks @param {Surface} surface @returns {HTMLElement[]} */
export function drawBlocks(blocks, surface) {
  return blocks.map((block) => drawBlock(block, surface));
}

/** A block that cannot be drawn must not break the blocks around it. @param {Json} block @param {Surface} surface */
function drawBlock(block, surface) {
  try {
    return BLOCKS[block?.type]?.(block, surface) ?? unsupported(block, "block");
  } catch {
    return unsupported(block, "block");
  }
}

/** @param {Json} block @param {Surface} surface */
function section(block, surface) {
  const { screen } = surface;
  const fields = (block.fields ?? []).map((/** @type {Json} */ one) => createElement("div", { class: "text" }, ...textNodes(one, screen)));
  return createElement(
    "div", { class: "block section" },
    createElement("div", { class: "body" },
      block.text && createElement("div", { class: "text" }, ...textNodes(block.text, screen)),
      fields.length > 0 && createElement("div", { class: "fields" }, fields)),
    block.accessory && createElement("div", { class: "accessory" }, drawElement(block.accessory, block, surface)),
  );
}

/** @param {Json} block @param {Surface} surface */
function context(block, surface) {
  const part = (/** @type {Json} */ one) => {
    if (one.type === "image") return image(one, "tiny");
    return isText(one) ? createElement("span", { class: "text" }, ...textNodes(one, surface.screen)) : unsupported(one, "element");
  };
  return createElement("div", { class: "block context" }, block.elements.map(part));
}

/** @param {Json} block @param {Surface} surface */
function input(block, surface) {
  const id = elementId(surface, block, block.element);
  const error = surface.errors[block.block_id];
  // A group has no single control for a label's `for`, so its name is bound by id.
  const label = isGroup(block.element) ? createElement("div", labelled(id)) : createElement("label", { ...labelled(id), for: id });
  label.append(plain(block.label));
  if (block.optional) label.append(createElement("span", { class: "optional" }, " (optional)"));
  return createElement(
    "div", { class: error ? "block input invalid" : "block input" },
    label,
    drawElement(block.element, block, surface),
    error && createElement("div", { class: "error", id: `${id}-error` }, error),
    block.hint && createElement("div", { class: "hint", id: `${id}-hint` }, ...textNodes(block.hint, surface.screen)),
  );
}

/** @param {string} id */
const labelled = (id) => ({ class: "label", id: `${id}-label` });

/** @param {Json} block */
function picture(block) {
  return createElement("figure", { class: "block" }, block.title && createElement("figcaption", {}, plain(block.title)), image(block, "picture"));
}

/** A video is a link to its page: content of other sites never runs inside this page. @param {Json} block */
function video(block) {
  const from = [block.provider_name, block.author_name].filter(Boolean).join(" · ");
  return createElement("div", { class: "block video" },
    from && createElement("small", {}, from),
    createElement("strong", {}, link(block.title_url ?? block.video_url, [plain(block.title)])),
    block.description && createElement("div", {}, plain(block.description)),
    link(block.video_url, [image({ image_url: block.thumbnail_url, alt_text: block.alt_text }, "picture")]));
}

/** A file stored outside Slack; Slack gives the app only its id. @param {Json} block */
function remoteFile(block) {
  return createElement("div", { class: "block" }, createElement("div", { class: "file" }, icon("file"), createElement("span", {}, block.external_id)));
}

/** @param {Json} block @param {Surface} surface */
function table(block, surface) {
  const cell = (/** @type {Json} */ one) => (one.type === "rich_text" ? richText(one, surface.screen) : String(one.text ?? one.value));
  const column = (/** @type {number} */ at) => {
    const settings = block.column_settings?.[at] ?? {};
    return { style: { "text-align": settings.align ?? "left", "white-space": settings.is_wrapped ? "pre-wrap" : "pre" } };
  };
  const rows = block.rows.map((/** @type {Json[]} */ row, /** @type {number} */ i) => createElement("tr", {},
    row.map((one, at) => createElement(i ? "td" : "th", column(at), cell(one)))));
  return createElement("div", { class: "block table", tabindex: 0, role: "group", "aria-label": "Table" }, createElement("table", {}, createElement("tbody", {}, rows)));
}
