/** Slack's text objects as DOM nodes: mrkdwn with its marks and references, plain text unchanged. */

import { slackDate } from "./date_format.js";
import { createElement } from "./dom.js";
import { emoji, withEmoji } from "./emoji.js";

/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./types.js").Json} Json */

const INLINE = new RegExp([
  "(?<ref><[^<>\\n]+>)",
  "`(?<code>[^`\\n]+)`",
  marked("bold", "\\*"), marked("italic", "_"), marked("strike", "~"),
  "(?<url>https?://[^\\s<>|]*[^\\s<>|.,;:!?)\\]'\"])",
  ":(?<emoji>[a-z0-9_+'-]+(?:::skin-tone-[2-6])?):",
].join("|"), "g");

/** Pattern of a text between two marks at the borders of words. @param {string} name @param {string} mark */
function marked(name, mark) {
  return `(?<![\\w${mark}])${mark}(?=\\S)(?<${name}>(?:<[^<>\\n]+>|[^${mark}\\n])+?)(?<=\\S)${mark}(?![\\w${mark}])`;
}

/** @param {string} text */
export function unescape(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** @param {Json} thing */
export const isText = (thing) => thing.type === "mrkdwn" || thing.type === "plain_text";

/** A text object of Block Kit. @param {Json | undefined | null} text @param {Screen} screen @returns {Node[]} */
export function textNodes(text, screen) {
  if (!text) return [];
  return text.type === "mrkdwn" ? mrkdwn(String(text.text), screen) : [document.createTextNode(plain(text))];
}

/** The text of a plain text object. @param {Json | undefined | null} text @returns {string} */
export function plain(text) {
  if (!text) return "";
  const content = unescape(String(text.text ?? ""));
  return text.emoji === false ? content : withEmoji(content);
}

/** @param {string} text @param {Screen} screen @returns {Node[]} */
export function mrkdwn(text, screen) {
  const parts = text.split(/```\n?([\s\S]*?)\n?```\n?/);
  return parts.flatMap((part, i) => (i % 2 ? [fence(part, screen)] : lines(part, screen)));
}

/** @param {string} text @param {Screen} screen @returns {Node} */
function fence(text, screen) {
  const pieces = text.split(/(<[^<>\n]+>)/);
  return createElement("pre", {}, ...pieces.map((one) => (/^<.+>$/.test(one) ? reference(one, screen) : unescape(one))));
}

/** Neighbouring quoted lines become one quote. @param {string} text @param {Screen} screen @returns {Node[]} */
function lines(text, screen) {
  /** @type {Node[]} */
  const nodes = [];
  for (const [run] of text.matchAll(/(?:^(?:&gt;|>).*(?:\n|$))+|(?:^(?!&gt;|>).*(?:\n|$))+/gm)) {
    if (!run) continue;
    const quoted = /^(&gt;|>)/.test(run);
    const body = quoted ? run.replace(/^(&gt;|>) ?/gm, "").replace(/\n$/, "") : run;
    nodes.push(...(quoted ? [createElement("blockquote", {}, ...inline(body, screen))] : inline(body, screen)));
  }
  return nodes;
}

/** @param {string} text @param {Screen} screen @returns {Node[]} */
function inline(text, screen) {
  /** @type {Node[]} */
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    nodes.push(document.createTextNode(unescape(text.slice(end, found.index))), run(found.groups ?? {}, screen));
    end = found.index + found[0].length;
  }
  return [...nodes, document.createTextNode(unescape(text.slice(end)))];
}

/** @param {Record<string, string>} found @param {Screen} screen @returns {Node} */
function run(found, screen) {
  if (found.ref) return reference(found.ref, screen);
  if (found.code) return createElement("code", {}, unescape(found.code));
  if (found.bold) return createElement("strong", {}, ...inline(found.bold, screen));
  if (found.italic) return createElement("em", {}, ...inline(found.italic, screen));
  if (found.strike) return createElement("s", {}, ...inline(found.strike, screen));
  if (found.url) return link(unescape(found.url), [unescape(found.url)]);
  return document.createTextNode(emoji(found.emoji));
}

/** @param {string} written  `<@U1>`, `<#C1|name>`, `<!here>`, `<https://…|label>` @param {Screen} screen @returns {Node} */
function reference(written, screen) {
  const [target, ...rest] = written.slice(1, -1).split("|");
  const label = rest.length ? unescape(rest.join("|")) : "";
  if (target.startsWith("@")) return mention(target.slice(1), screen, "@", label);
  if (target.startsWith("#")) return mention(target.slice(1), screen, "#", label);
  if (target.startsWith("!date^")) return dateNode(target, label, screen);
  if (target.startsWith("!subteam^")) return mention(target.slice(9), screen, "@", label);
  if (target.startsWith("!")) return mark(`@${label.replace(/^@/, "") || target.slice(1)}`);
  return link(unescape(target), label ? inline(rest.join("|"), screen) : [unescape(target.replace(/^mailto:/, ""))]);
}

/** @param {string} target @param {string} fallback @param {Screen} screen */
function dateNode(target, fallback, screen) {
  const [, ts, format, href] = target.split("^");
  return slackDateNode(ts, format, { fallback, href: href && unescape(href) }, screen);
}

/** A date and time in the reader's time zone.
 * @param {string | number} ts @param {string} format @param {{fallback?: string, href?: string}} more @param {Screen} screen @returns {Node} */
export function slackDateNode(ts, format, { fallback, href }, screen) {
  const date = new Date(Number(ts) * 1000);
  if (!ts || !format || Number.isNaN(date.getTime())) return document.createTextNode(fallback ?? "");
  const time = createElement("time", { title: fallback, datetime: date.toISOString() }, slackDate(String(ts), unescape(format), screen.person.tz));
  return href ? link(href, [time]) : time;
}

/** @param {string} id @param {Screen} screen @param {string} [sign] @param {string} [label]  for an id without a known name */
export function mention(id, screen, sign = "@", label = "") {
  return mark(nameOf(id, screen, sign, label), id === screen.person.id);
}

/** @param {string} text @param {boolean} [me] */
export function mark(text, me = false) {
  return createElement("span", { class: me ? "mention me" : "mention" }, text);
}

/** The name with exactly one sign in front. @param {string} id @param {Screen} screen @param {string} sign @param {string} [label] */
function nameOf(id, screen, sign, label = "") {
  return sign + (screen.names[id] ?? (label || id)).replace(/^[@#]/, "");
}

/** @param {string} href @param {(Node | string)[]} label @returns {Node} */
export function link(href, label) {
  if (!/^(https?:|mailto:|tel:)/i.test(href)) return createElement("span", {}, ...label);
  return createElement("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...label);
}
