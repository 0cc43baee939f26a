/** What Slack itself says to a person, and what this page has to say. */

import { byId, el } from "./dom.js";

const SHOWN_MS = 10_000;

let heard = -1;

/** Show those that have come since the last screen. @param {string[]} alerts  newest last */
export function hearAlerts(alerts) {
  const fresh = heard < 0 || alerts.length < heard ? [] : alerts.slice(heard);
  heard = alerts.length;
  for (const alert of fresh) say(sentence(alert));
}

/** @param {string} alert */
function sentence(alert) {
  return /^[a-z_]+$/.test(alert) ? `The app did not do what Slack expected: “${alert}”.` : alert;
}

/** @param {string} text */
export function say(text) {
  const box = byId("alerts");
  // Outside of an open dialog nothing can be seen or clicked.
  const dialogs = document.querySelectorAll("dialog[open]");
  (dialogs[dialogs.length - 1] ?? document.body).append(box);
  const note = el("div", { class: "alert", "data-testid": "alert" }, el("span", {}, text),
    el("button", { type: "button", "aria-label": "Dismiss", onclick: () => note.remove() }, "×"));
  box.append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}

/** Before a dialog goes, the alerts leave it. @param {Element} dialog */
export function rescueAlerts(dialog) {
  const box = byId("alerts");
  if (dialog.contains(box)) document.body.append(box);
}
