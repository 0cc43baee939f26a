/** Avatars: a coloured square with initials. */

import { createElement } from "./dom.js";

/** @typedef {import("./types.js").Screen} Screen */

/** @param {string} id @param {string} name @param {Screen} screen @returns {HTMLElement} */
export function avatar(id, name, screen) {
  const person = screen.people.find((one) => one.id === id);
  const back = person ? `#${person.color.replace(/^#/, "")}` : "#1d4350";
  const style = { "background-color": back, color: readableOn(back) };
  return createElement("span", { class: id === screen.app.user_id ? "avatar app" : "avatar", style, "aria-hidden": "true" }, initials(name));
}

/** @param {string} name */
function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return ((words[0]?.[0] ?? "?") + (words.length > 1 ? words[words.length - 1][0] : "")).toUpperCase();
}

/** Black or white: the one with more contrast on this colour. @param {string} color */
function readableOn(color) {
  const parts = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255);
  const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 ? "#ffffff" : "#111111";
}
