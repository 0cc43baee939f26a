/** What Slack itself says to a person, and what this page has to say. */

import { getById, createElement } from "./dom.js";

const SHOWN_MS = 10_000;

let shownCount = -1;

/** Show those that have come since the last screen. @param {string[]} alerts  newest last */
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
  // Outside of an open dialog nothing can be seen or clicked.
  const dialogs = document.querySelectorAll("dialog[open]");
  (dialogs[dialogs.length - 1] ?? document.body).append(box);
  const note = createElement("div", { class: "alert", "data-testid": "alert" }, createElement("span", {}, text),
    createElement("button", { type: "button", "aria-label": "Dismiss", onclick: () => note.remove() }, "×"));
  box.append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}

/** Before a dialog goes, the alerts leave it. @param {Element} dialog */
export function moveAlertsOut(dialog) {
  const box = getById("alerts");
  if (dialog.contains(box)) document.body.append(box);
}
