/** The little of Markdown that apps write: headings, lists, quotes, code, bold, italic, links. */

import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { link } from "./mrkdwn.js";

const INLINE = /`([^`\n]+)`|\*\*(.+?)\*\*|~~(.+?)~~|(?<!\w)[*_](?=\S)(.+?)(?<=\S)[*_](?!\w)|\[([^\]]+)\]\(([^)\s]+)\)/g;

/** Kinds of lines; runs of the same kind stand together. @type {[RegExp, (lines: string[]) => HTMLElement][]} */
const KINDS = [
  [/^#{1,6} /, (lines) => el("div", {}, lines.map((line) => el("h4", {}, ...inline(line))))],
  [/^\s*[-*+] /, (lines) => el("ul", {}, lines.map((line) => el("li", {}, ...inline(line))))],
  [/^\s*\d+[.)] /, (lines) => el("ol", {}, lines.map((line) => el("li", {}, ...inline(line))))],
  [/^> ?/, (lines) => el("blockquote", {}, ...inline(lines.join("\n")))],
  [/^/, (lines) => el("p", {}, ...inline(lines.join("\n").trim()))],
];

/** @param {string} text @returns {HTMLElement[]} */
export function markdown(text) {
  const parts = text.split(/```\w*\n([\s\S]*?)\n?```/);
  return parts.flatMap((part, i) => (i % 2 ? [el("pre", {}, part)] : runs(part.split("\n"))));
}

/** @param {string[]} lines @returns {HTMLElement[]} */
function runs(lines) {
  /** @type {{kind: number, lines: string[]}[]} */
  const found = [];
  for (const line of lines) {
    const kind = KINDS.findIndex(([start]) => start.test(line));
    const last = found.at(-1);
    const body = line.replace(KINDS[kind][0], "");
    if (last && last.kind === kind && line.trim()) last.lines.push(body);
    else found.push({ kind, lines: [body] });
  }
  return found.filter((run) => run.lines.some((line) => line.trim())).map((run) => KINDS[run.kind][1](run.lines));
}

/** @param {string} text @returns {(Node | string)[]} */
function inline(text) {
  /** @type {(Node | string)[]} */
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const [all, code, bold, strike, italic, label, href] = found;
    nodes.push(withEmoji(text.slice(end, found.index)));
    if (code) nodes.push(el("code", {}, code));
    else if (bold) nodes.push(el("strong", {}, ...inline(bold)));
    else if (strike) nodes.push(el("s", {}, ...inline(strike)));
    else if (italic) nodes.push(el("em", {}, ...inline(italic)));
    else nodes.push(link(href, [label]));
    end = found.index + all.length;
  }
  return [...nodes, withEmoji(text.slice(end))];
}
