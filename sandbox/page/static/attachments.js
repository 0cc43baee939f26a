/** Legacy attachments: blocks, or texts and fields, beside a coloured bar. */

import { drawBlocks } from "./blocks.js";
import { createElement } from "./dom.js";
import { image } from "./elements.js";
import { link, mrkdwn, slackDateNode } from "./mrkdwn.js";
import { unsupported } from "./rich_text.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Surface} Surface */
/** @typedef {import("./types.js").Screen} Screen */

/** https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
 * @type {Record<string, string>} */
const COLORS = { good: "#2eb886", warning: "#daa038", danger: "#a30200" };

/** @param {Json} attachment @param {Surface} surface @returns {HTMLElement} */
export function drawAttachment(attachment, surface) {
  const { screen } = surface;
  const color = COLORS[attachment.color] ?? attachment.color?.replace(/^#?/, "#");
  const inside = attachment.blocks ? drawBlocks(attachment.blocks, surface) : attachmentBody(attachment, screen);
  return createElement("div", { class: "attachment", "data-testid": "attachment" },
    attachment.pretext && text(attachment.pretext, screen),
    createElement("div", { class: "beside", style: color ? { "border-color": color } : {} }, inside,
      attachment.actions && unsupported({ type: "actions of an attachment", actions: attachment.actions }, "block")));
}

/** @param {Json} attachment @param {Screen} screen */
function attachmentBody(attachment, screen) {
  const { author_name, author_link, title, title_link, fields, image_url, thumb_url, fallback } = attachment;
  const shown = [
    author_name && createElement("small", { class: "author" }, link(author_link ?? "", [author_name])),
    title && createElement("strong", { class: "text" }, link(title_link ?? "", mrkdwn(title, screen))),
    attachment.text && text(attachment.text, screen),
    fields?.length && createElement("div", { class: "fields" }, fields.map((/** @type {Json} */ one) => field(one, screen))),
    image_url && image({ image_url, alt_text: fallback }, "picture"),
    thumb_url && image({ image_url: thumb_url, alt_text: fallback }, "thumbnail"),
    footer(attachment, screen),
  ].filter(Boolean);
  return shown.length || attachment.pretext ? shown : [text(fallback ?? "", screen)];
}

/** @param {Json} field @param {Screen} screen */
function field({ title, value, short }, screen) {
  return createElement("div", { class: short ? "text" : "text wide" }, createElement("strong", {}, title), createElement("div", {}, ...mrkdwn(value ?? "", screen)));
}

/** @param {Json} attachment @param {Screen} screen */
function footer({ footer: by, ts }, screen) {
  const parts = [by, ts && slackDateNode(ts, "{date_short} {time}", {}, screen)].filter(Boolean);
  return parts.length > 0 && createElement("small", { class: "footer" }, parts.flatMap((part, i) => (i ? [" | ", part] : [part])));
}

/** @param {string} written @param {Screen} screen */
const text = (written, screen) => createElement("div", { class: "text" }, ...mrkdwn(written, screen));
