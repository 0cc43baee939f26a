/** Buttons and overflow menus: what is done with one press. */

import { el } from "./dom.js";
import { icon } from "./icons.js";
import { confirmed, openMenu } from "./menu.js";
import { plain } from "./mrkdwn.js";
import { elementId, stateOf } from "./states.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Place} Place */

// What an app sends must never run here, as `javascript:` would.
const LINK = /^(https?|mailto|slack):/i;

/** @param {string | undefined} url */
function visit(url) {
  if (url && LINK.test(url)) open(url, "_blank", "noopener");
}

/** @param {Json} element @param {Json} block @param {Place} place @returns {HTMLElement} */
export function button(element, block, place) {
  const press = async (/** @type {Event} */ event) => {
    const pressed = /** @type {HTMLElement} */ (event.currentTarget);
    if (element.confirm) event.preventDefault();
    if (!(await confirmed(element.confirm, place.screen))) return;
    if (element.confirm) visit(element.url);
    await busy(pressed, place.click(block, element));
  };
  const attributes = {
    id: elementId(place, block, element),
    class: `button ${element.style ?? ""}`,
    "aria-label": element.accessibility_label ?? null,
    onclick: press,
  };
  if (LINK.test(element.url ?? "")) {
    return el("a", { ...attributes, href: element.url, target: "_blank", rel: "noopener noreferrer" }, plain(element.text));
  }
  return el("button", { ...attributes, type: "button" }, plain(element.text));
}

/** @param {Json} element @param {Json} block @param {Place} place @returns {HTMLElement} */
export function overflow(element, block, place) {
  const choose = async (/** @type {Json} */ option) => {
    if (!(await confirmed(element.confirm, place.screen))) return;
    visit(option.url);
    await place.click(block, element, stateOf(element, option));
  };
  const items = element.options.map((/** @type {Json} */ option) => ({
    label: plain(option.text), note: plain(option.description), act: () => void choose(option),
  }));
  const opens = (/** @type {Event} */ event) => openMenu(/** @type {HTMLElement} */ (event.currentTarget), items, "More actions");
  return el("button", {
    id: elementId(place, block, element), type: "button", class: "button overflow",
    "aria-label": "More actions", "aria-haspopup": "menu", "aria-expanded": "false", onclick: opens,
  }, icon("dots"));
}

/** While something is on its way, its button says so and takes no second press.
 * @param {HTMLElement} pressed @param {Promise<unknown>} going */
export async function busy(pressed, going) {
  if (pressed.getAttribute("aria-busy") === "true") return;
  pressed.setAttribute("aria-busy", "true");
  await going.finally(() => pressed.removeAttribute("aria-busy"));
}
