/** Readable JSON: indented, with syntax colours. */

import { createElement } from "./dom.js";

const TOKENS = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/** @param {unknown} value @returns {HTMLElement} */
export function jsonView(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2) ?? "";
  const node = createElement("pre", { class: "json", tabindex: 0 });
  let end = 0;
  for (const found of text.matchAll(TOKENS)) {
    const [all, string, colon, word] = found;
    const kind = string ? (colon ? "key" : "string") : word ? "word" : "number";
    node.append(text.slice(end, found.index), createElement("span", { class: kind }, string ?? all), colon ?? "");
    end = found.index + all.length;
  }
  node.append(text.slice(end));
  return node;
}
