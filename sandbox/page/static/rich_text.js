/** Rich text from Slack's composer and from apps. */

import { createElement } from "./dom.js";
import { emoji } from "./emoji.js";
import { link, mark, mention, slackDateNode } from "./mrkdwn.js";

/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./types.js").Json} Json */

/** @type {Record<string, (part: Json, screen: Screen) => HTMLElement>} */
const PARTS = {
  rich_text_section: (part, screen) => createElement("div", { class: "rich-section" }, ...runs(part, screen)),
  rich_text_quote: (part, screen) => createElement("blockquote", { class: bordered(part) }, ...runs(part, screen)),
  rich_text_preformatted: (part, screen) => createElement("pre", { class: bordered(part) }, ...runs(part, screen)),
  rich_text_list: (part, screen) => createElement(
    part.style === "ordered" ? "ol" : "ul",
    { class: `indent-${part.indent ?? 0} ${bordered(part) ?? ""}`, start: part.offset ? part.offset + 1 : null },
    ...part.elements.map((/** @type {Json} */ item) => createElement("li", {}, ...runs(item, screen))),
  ),
};

/** @param {Json} part */
const bordered = (part) => (part.border ? "bordered" : null);

/** @type {Record<string, (run: Json, screen: Screen) => Node>} */
const RUNS = {
  text: (run) => styled(document.createTextNode(run.text), run.style),
  link: (run) => styled(link(run.url, [run.text || run.url]), run.style),
  user: (run, screen) => styled(mention(run.user_id, screen), run.style),
  channel: (run, screen) => styled(mention(run.channel_id, screen, "#"), run.style),
  usergroup: (run, screen) => styled(mention(run.usergroup_id, screen), run.style),
  broadcast: (run) => styled(mark(`@${run.range}`), run.style),
  team: (run, screen) => styled(mark(run.team_id === screen.team.id ? screen.team.name : run.team_id), run.style),
  emoji: (run) => document.createTextNode(run.unicode ? unicode(run.unicode) : emoji(run.name)),
  date: (run, screen) => styled(slackDateNode(run.timestamp, run.format, { fallback: run.fallback, href: run.url }, screen), run.style),
  color: (run) => createElement("span", { class: "color-value" }, createElement("i", { style: { "background-color": run.value } }), run.value),
};

/** @param {Json} block @param {Screen} screen @returns {HTMLElement} */
export function richText(block, screen) {
  const parts = block.elements.map((/** @type {Json} */ part) => PARTS[part.type]?.(part, screen) ?? unsupported(part));
  return createElement("div", { class: "rich-text" }, ...parts);
}

/** @param {Json} part @param {Screen} screen @returns {Node[]} */
function runs(part, screen) {
  return (part.elements ?? []).map((/** @type {Json} */ run) => RUNS[run.type]?.(run, screen) ?? unsupported(run));
}

/** @type {[string, "strong" | "em" | "s" | "u" | "code" | "mark"][]} */
const STYLES = [
  ["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"],
  ["highlight", "mark"], ["client_highlight", "mark"],
];

/** @param {Node} node @param {Json | undefined} style @returns {Node} */
function styled(node, style) {
  return STYLES.reduce((inner, [name, tag]) => (style?.[name] ? createElement(tag, {}, inner) : inner), node);
}

/** @param {string} codes  such as "1f44d-1f3fb" */
function unicode(codes) {
  return String.fromCodePoint(...codes.split("-").map((code) => parseInt(code, 16)));
}

/** Show a block or element that this page cannot draw, so that nothing is dropped silently.
 * @param {Json} thing @param {string} [kind] @returns {HTMLElement} */
export function unsupported(thing, kind = "element") {
  return createElement(
    "div", { class: "unsupported", "data-testid": "unsupported" },
    createElement("strong", {}, `Unsupported ${kind}: ${thing?.type ?? "no type"}`),
    createElement("pre", {}, JSON.stringify(thing, null, 2)),
  );
}
