/** A menu that opens from a button, and the confirmation dialog. */

import { createElement } from "./dom.js";
import { plain, textNodes } from "./mrkdwn.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {{label: string, note?: string, act: () => void}} Item */

/**
 * Open a menu at a button. A choice, Escape or a click elsewhere closes the menu.
 * @param {HTMLElement} button
 * @param {Item[]} items
 * @param {string} label
 */
export function openMenu(button, items, label) {
  const menu = createElement("div", { class: "menu", popover: "auto", role: "menu", "aria-label": label, onkeydown: moveFocus });
  for (const item of items) menu.append(entry(item, menu));
  menu.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "closed") return;
    if (menu.contains(document.activeElement)) button.focus();
    button.setAttribute("aria-expanded", "false");
    menu.remove();
  });
  button.setAttribute("aria-expanded", "true");
  // Everything outside an open dialog is inert, so the menu must be inside the same container.
  (button.closest("dialog, main, aside, nav") ?? document.body).append(menu);
  menu.showPopover();
  placeAt(menu, button);
  menu.querySelector("button")?.focus();
}

/** @param {Item} item @param {HTMLElement} menu */
function entry(item, menu) {
  const choose = () => {
    menu.hidePopover();
    item.act();
  };
  return createElement("button", { type: "button", role: "menuitem", tabindex: -1, onclick: choose },
    item.label, item.note ? createElement("small", {}, item.note) : null);
}

/** @param {KeyboardEvent} event */
function moveFocus(event) {
  const menu = /** @type {HTMLElement} */ (event.currentTarget);
  const entries = [...menu.querySelectorAll("button")];
  const index = entries.findIndex((one) => one === document.activeElement);
  const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: entries.length - 1 }[event.key];
  if (event.key === "Tab") menu.hidePopover();
  if (to === undefined) return;
  event.preventDefault();
  entries[(to + entries.length) % entries.length].focus();
}

/** Place a box below the button, or above it if there is no room; always inside the window.
 * @param {HTMLElement} box @param {HTMLElement} button */
export function placeAt(box, button) {
  const at = button.getBoundingClientRect();
  const below = at.bottom + 4 + box.offsetHeight <= innerHeight - 8;
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.offsetWidth - 8))}px`;
  box.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - box.offsetHeight - 4)}px`;
}

/**
 * Ask the question of a Block Kit `confirm` object.
 * @param {Json | undefined} question
 * @param {Screen} screen
 * @returns {Promise<boolean>}
 */
export function askConfirmation(question, screen) {
  if (!question) return Promise.resolve(true);
  return new Promise((resolve) => {
    const dialog = createElement("dialog", { class: "confirm", role: "alertdialog", "aria-labelledby": "confirm-title", "data-testid": "confirm" });
    const yes = createElement("button", { type: "button", class: question.style === "danger" ? "danger" : "primary", onclick: () => dialog.close("yes") }, plain(question.confirm) || "Yes");
    const no = createElement("button", { type: "button", onclick: () => dialog.close("") }, plain(question.deny) || "Cancel");
    dialog.append(
      createElement("h2", { id: "confirm-title" }, plain(question.title) || "Are you sure?"),
      createElement("div", { class: "text" }, ...textNodes(question.text, screen)),
      createElement("footer", {}, no, yes),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    yes.focus();
  });
}
