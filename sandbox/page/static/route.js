/** The route in the URL: `?as=PERSON#PLACE/PANEL`; a panel may be a thread's `ts`. */

/** @typedef {{place: string, panel: string}} Route */
/** @typedef {import("./types.js").Screen} Screen */

export const HOME = "home";
export const INBOX = "inbox";
export const INSPECTOR = "inspector";
export const SWITCHES = "switches";

/** @param {Screen} screen @returns {Route} */
export function readRoute(screen) {
  const [place = "", panel = ""] = decodeURIComponent(location.hash.slice(1)).split("/");
  const isPlace = place === INBOX || (place === HOME && screen.app.home_tab)
    || screen.conversations.some((one) => one.id === place);
  return { place: isPlace ? place : screen.conversations[0]?.id ?? INBOX, panel };
}

/** @param {Route} route @returns {string} */
export function href({ place, panel }) {
  return `#${place}${panel ? `/${panel}` : ""}`;
}

/** The same place for another person; a direct message leads to the other person's own. @param {Route} route @param {string} person @param {Screen} screen */
export function hrefAs(route, person, screen) {
  const own = screen.conversations.some((one) => one.id === route.place && one.kind === "app");
  const panel = isThread(route.panel) ? "" : route.panel;
  return `?as=${encodeURIComponent(person)}${href({ place: own ? "" : route.place, panel })}`;
}

/** @param {string} panel */
export const isThread = (panel) => /^\d/.test(panel);
