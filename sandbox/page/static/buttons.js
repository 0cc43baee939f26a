/** Buttons and overflow menus. */

import { createElement } from "./dom.js";
import { elementId, toState } from "./element_state.js";
import { icon } from "./icons.js";
import { askConfirmation, openMenu } from "./menu.js";
import { plain } from "./mrkdwn.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Surface} Surface */

// Links come from the app and must never run code here, as `javascript:` would.
const SAFE_LINK = /^(https?|mailto|slack):/i;

/** @param {string | undefined} url */
function openLink(url) {
  if (url && SAFE_LINK.test(url)) open(url, "_blank", "noopener");
}

/** @param {Json} element @param {Json} block @param {Surface} surface @returns {HTMLElement} */
export function button(element, block, surface) {
  const press = async (/** @type {Event} */ event) => {
    const pressed = /** @type {HTMLElement} */ (event.currentTarget);
    if (element.confirm) event.preventDefault();
    if (!(await askConfirmation(element.confirm, surface.screen))) return;
    if (element.confirm) openLink(element.url);
    await withBusyButton(pressed, surface.click(block, element));
  };
  const attributes = {
    id: elementId(surface, block, element),
    class: `button ${element.style ?? ""}`,
    "aria-label": element.accessibility_label ?? null,
    onclick: press,
  };
  if (SAFE_LINK.test(element.url ?? "")) {
    return createElement("a", { ...attributes, href: element.url, target: "_blank", rel: "noopener noreferrer" }, plain(element.text));
  }
  return createElement("button", { ...attributes, type: "button" }, plain(element.text));
}

/** @param {Json} element @param {Json} block @param {Surface} surface @returns {HTMLElement} */
export function overflow(element, block, surface) {
  const choose = async (/** @type {Json} */ option) => {
    if (!(await askConfirmation(element.confirm, surface.screen))) return;
    openLink(option.url);
    await surface.click(block, element, toState(element, option));
  };
  const items = element.options.map((/** @type {Json} */ option) => ({
    label: plain(option.text), note: plain(option.description), act: () => void choose(option),
  }));
  const open = (/** @type {Event} */ event) => openMenu(/** @type {HTMLElement} */ (event.currentTarget), items, "More actions");
  return createElement("button", {
    id: elementId(surface, block, element), type: "button", class: "button overflow",
    "aria-label": "More actions", "aria-haspopup": "menu", "aria-expanded": "false", onclick: open,
  }, icon("dots"));
}

/** Mark a button as busy while its work runs, and ignore a second press.
 * @param {HTMLElement} pressed @param {Promise<unknown>} work */
export async function withBusyButton(pressed, work) {
  if (pressed.getAttribute("aria-busy") === "true") return;
  pressed.setAttribute("aria-busy", "true");
  await work.finally(() => pressed.removeAttribute("aria-busy"));
}
