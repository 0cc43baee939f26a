/** Attachments, the older way to say more: blocks, or texts and fields, beside a coloured bar. */

import { drawBlocks } from "./blocks.js";
import { el } from "./dom.js";
import { image } from "./elements.js";
import { link, moment, mrkdwn } from "./mrkdwn.js";
import { unknown } from "./rich_text.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Place} Place */
/** @typedef {import("./types.js").Screen} Screen */

/** https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
 * @type {Record<string, string>} */
const COLORS = { good: "#2eb886", warning: "#daa038", danger: "#a30200" };

/** @param {Json} attachment @param {Place} place @returns {HTMLElement} */
export function drawAttachment(attachment, place) {
  const { screen } = place;
  const color = COLORS[attachment.color] ?? attachment.color?.replace(/^#?/, "#");
  const inside = attachment.blocks ? drawBlocks(attachment.blocks, place) : says(attachment, screen);
  return el("div", { class: "attachment", "data-testid": "attachment" },
    attachment.pretext && text(attachment.pretext, screen),
    el("div", { class: "beside", style: color ? { "border-color": color } : {} }, inside,
      attachment.actions && unknown({ type: "actions of an attachment", actions: attachment.actions }, "block")));
}

/** @param {Json} attachment @param {Screen} screen */
function says(attachment, screen) {
  const { author_name, author_link, title, title_link, fields, image_url, thumb_url, fallback } = attachment;
  const shown = [
    author_name && el("small", { class: "author" }, link(author_link ?? "", [author_name])),
    title && el("strong", { class: "text" }, link(title_link ?? "", mrkdwn(title, screen))),
    attachment.text && text(attachment.text, screen),
    fields?.length && el("div", { class: "fields" }, fields.map((/** @type {Json} */ one) => field(one, screen))),
    image_url && image({ image_url, alt_text: fallback }, "picture"),
    thumb_url && image({ image_url: thumb_url, alt_text: fallback }, "thumbnail"),
    footer(attachment, screen),
  ].filter(Boolean);
  return shown.length || attachment.pretext ? shown : [text(fallback ?? "", screen)];
}

/** @param {Json} field @param {Screen} screen */
function field({ title, value, short }, screen) {
  return el("div", { class: short ? "text" : "text wide" }, el("strong", {}, title), el("div", {}, ...mrkdwn(value ?? "", screen)));
}

/** @param {Json} attachment @param {Screen} screen */
function footer({ footer: by, ts }, screen) {
  const parts = [by, ts && moment(ts, "{date_short} {time}", {}, screen)].filter(Boolean);
  return parts.length > 0 && el("small", { class: "footer" }, parts.flatMap((part, i) => (i ? [" | ", part] : [part])));
}

/** @param {string} written @param {Screen} screen */
const text = (written, screen) => el("div", { class: "text" }, ...mrkdwn(written, screen));
