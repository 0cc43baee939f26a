/** The Markdown of Slack's markdown block. https://docs.slack.dev/reference/block-kit/blocks/markdown-block */

import { createElement } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { link } from "./mrkdwn.js";

const INLINE = new RegExp([
  "\\\\(?<escaped>[!-/:-@[-`{-~])",
  "`(?<code>[^`\\n]+)`",
  "\\*\\*(?<bold>.+?)\\*\\*(?!\\*)", "(?<!\\w)__(?<bold2>.+?)__(?!\\w)",
  "~~(?<strike>.+?)~~",
  "(?<!\\w)(?<mark>[*_])(?=\\S)(?<italic>.+?)(?<=\\S)\\k<mark>(?!\\w)",
  "!?\\[(?<label>[^\\]]+)\\]\\((?<href>[^)\\s]+)(?:\\s+\"[^\"]*\")?\\)",
  "<?(?<url>https?://[^\\s<>]*[^\\s<>.,;:!?)\\]'\"])>?",
].join("|"), "g");
const ITEM = /^(\s*)([-*+]|\d+[.)])\s+(?:\[([ xX])\]\s+)?(.*)$/;

/** Kinds of lines; neighbouring lines of one kind become one element. @type {[RegExp, (lines: string[]) => (Node | string)[]][]} */
const KINDS = [
  [/^#{1,6} /, (lines) => lines.map(heading)],
  [/^\s*([-*_])(?:\s*\1){2,}\s*$/, (lines) => lines.map(() => createElement("hr"))],
  [ITEM, (lines) => lists(lines)],
  [/^\s*\|.*\|\s*$/, (lines) => [table(lines)]],
  [/^>/, (lines) => [createElement("blockquote", {}, ...inline(lines.map((line) => line.replace(/^> ?/, "")).join("\n")))]],
  [/^/, (lines) => [createElement("p", {}, ...inline(lines.join("\n").trim()))]],
];

/** @param {string} text @returns {(Node | string)[]} */
export function markdown(text) {
  const parts = text.split(/^```[^\n`]*\n([\s\S]*?)\n?^```[ \t]*$/m);
  return parts.flatMap((part, i) => (i % 2 ? [createElement("pre", {}, part)] : runs(part.split("\n"))));
}

/** @param {string[]} lines @returns {(Node | string)[]} */
function runs(lines) {
  /** @type {{kind: number, lines: string[]}[]} */
  const found = [];
  for (const line of lines) {
    const kind = KINDS.findIndex(([start]) => start.test(line));
    const last = found.at(-1);
    if (last && last.kind === kind && line.trim()) last.lines.push(line);
    else found.push({ kind, lines: [line] });
  }
  return found.filter((run) => run.lines.some((line) => line.trim())).flatMap((run) => KINDS[run.kind][1](run.lines));
}

/** @param {string} line */
function heading(line) {
  const [, signs, text] = /^(#+) (.*)$/.exec(line) ?? ["", "", line];
  return createElement(signs.length > 2 ? "h4" : "h3", { class: `heading-${signs.length}` }, ...inline(text));
}

/** List items; indented items become a list inside the item before. @param {string[]} lines @returns {HTMLElement[]} */
function lists(lines) {
  const items = lines.map((line) => ITEM.exec(line) ?? [line, "", "-", undefined, line]);
  /** @type {HTMLElement[]} */
  const found = [];
  for (let i = 0; i < items.length;) {
    const [, space = "", sign = "", ticked, text = ""] = items[i];
    let end = i + 1;
    while (end < items.length && (items[end][1]?.length ?? 0) > space.length) end += 1;
    const kind = /\d/.test(sign) ? "ol" : "ul";
    if (found.at(-1)?.localName !== kind) found.push(createElement(kind, { start: kind === "ol" ? parseInt(sign, 10) : null }));
    const box = ticked !== undefined && `${ticked === " " ? "☐" : "☑"} `;
    found.at(-1)?.append(createElement("li", { class: box ? "task" : null }, box, ...inline(text), ...lists(lines.slice(i + 1, end))));
    i = end;
  }
  return found;
}

/** @param {string[]} lines */
function table(lines) {
  const rows = lines.map((line) => line.trim().slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim()));
  const rule = /^:?-+:?$/;
  const [under] = rows.filter((row) => row.every((cell) => rule.test(cell)));
  const align = (under ?? []).map((cell) => (cell.endsWith(":") ? (cell.startsWith(":") ? "center" : "right") : "left"));
  const drawn = rows.filter((row) => row !== under).map((row, i) => createElement("tr", {},
    row.map((cell, at) => createElement(i ? "td" : "th", { style: { "text-align": align[at] ?? "left" } }, ...inline(cell)))));
  return createElement("div", { class: "table", tabindex: 0, role: "group", "aria-label": "Table" }, createElement("table", {}, createElement("tbody", {}, drawn)));
}

/** @param {string} text @returns {(Node | string)[]} */
function inline(text) {
  /** @type {(Node | string)[]} */
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    nodes.push(withEmoji(text.slice(end, found.index)), run(found.groups ?? {}));
    end = found.index + found[0].length;
  }
  return [...nodes, withEmoji(text.slice(end))];
}

/** @param {Record<string, string>} found @returns {Node | string} */
function run(found) {
  if (found.escaped) return found.escaped;
  if (found.code) return createElement("code", {}, found.code);
  if (found.bold || found.bold2) return createElement("strong", {}, ...inline(found.bold || found.bold2));
  if (found.strike) return createElement("s", {}, ...inline(found.strike));
  if (found.italic) return createElement("em", {}, ...inline(found.italic));
  return found.url ? link(found.url, [found.url]) : link(found.href, inline(found.label));
}
