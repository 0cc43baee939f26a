/** Alerts: messages from Slack itself, and errors of this page. */

import { createElement, getById } from "./dom.js";

const SHOWN_MS = 10_000;

let shownCount = -1;

/** Show the alerts that are new since the last screen. @param {string[]} alerts  newest last */
export function showNewAlerts(alerts) {
  const fresh = shownCount < 0 || alerts.length < shownCount ? [] : alerts.slice(shownCount);
  shownCount = alerts.length;
  for (const alert of fresh) showAlert(alertText(alert));
}

/** @param {string} alert */
function alertText(alert) {
  return /^[a-z_]+$/.test(alert) ? `The app did not do what Slack expected: “${alert}”.` : alert;
}

/** @param {string} text */
export function showAlert(text) {
  const box = getById("alerts");
  // An open dialog hides everything outside it, so the alerts move into it.
  const dialogs = document.querySelectorAll("dialog[open]");
  (dialogs[dialogs.length - 1] ?? document.body).append(box);
  const note = createElement("div", { class: "alert", "data-testid": "alert" }, createElement("span", {}, text),
    createElement("button", { type: "button", "aria-label": "Dismiss", onclick: () => note.remove() }, "×"));
  box.append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}

/** Move the alerts out of a dialog that is about to close. @param {Element} dialog */
export function moveAlertsOut(dialog) {
  const box = getById("alerts");
  if (dialog.contains(box)) document.body.append(box);
}
