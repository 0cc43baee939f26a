/** Behind the scenes: what is stored, what waits, and what passed between the parts, live. */

import { el, keyed, renew } from "./dom.js";
import { json } from "./json.js";
import { listen } from "./talk.js";
import { fullTime } from "./times.js";

/** @typedef {import("./types.js").Behind} Seen */
/** @typedef {import("./types.js").Exchange} Exchange */
/** @typedef {{key: string, title: (Node | string | false)[], body: [string, unknown][]}} Row */

const LONGEST_TITLE = 90;
const ARROWS = /** @type {Record<string, string>} */ ({ api: "app → Slack", delivery: "Slack → app", ack: "app ⇠ answer" });

/** Tab → its rows, in groups. @type {Record<string, (seen: Seen, tz: string) => Record<string, Row[]>>} */
const TABS = {
  Requests: (seen, tz) => ({ "": unique(seen.requests.map((one) => exchange(one, tz))) }),
  Documents: (seen) => Object.fromEntries(Object.entries(seen.documents).map(([name, documents]) => [`${name} (${documents.length})`, unique(documents.map((one) => stored(one)))])),
  Jobs: (seen) => ({ "": seen.jobs.map((one) => ({ key: one.key, title: [el("code", {}, one.key)], body: [["", one.value]] })) }),
  Gemini: (seen) => ({ "": seen.gemini.map((one, i) => gemini(one, seen.gemini.length - i)) }),
  Processes: (seen) => ({ "": seen.processes.map((one) => ({ key: one.name, title: [el("i", { class: one.alive ? "dot" : "dot off" }), el("strong", {}, one.name), one.alive ? " runs" : " is dead"], body: [] })) }),
};

const NOTHING = /** @type {Record<string, string>} */ ({
  Requests: "Nothing has passed yet.", Documents: "Nothing is stored yet.", Jobs: "No job waits.",
  Gemini: "Gemini was not asked yet.", Processes: "No process is known.",
});

export class Behind {
  /** @param {string} tz */
  constructor(tz) {
    this.tz = tz;
    this.tab = "Requests";
    /** @type {Seen | null} */
    this.seen = null;
    this.tabs = el("div", { class: "tabs", role: "tablist", "aria-label": "Behind the scenes", onkeydown: (/** @type {KeyboardEvent} */ event) => this.walk(event) });
    this.rows = el("div", { class: "scroll rows", role: "tabpanel", id: "behind-rows", tabindex: 0, "aria-labelledby": "tab-Requests" });
    this.node = el("div", { class: "behind", "data-testid": "behind" }, this.tabs, this.rows);
    /** @type {EventSource | null} */
    this.source = null;
    this.draw();
  }

  /** @param {boolean} watching */
  watch(watching) {
    if (watching === Boolean(this.source)) return;
    this.source?.close();
    this.source = watching ? listen("/api/behind", "behind", (seen) => {
      this.seen = seen;
      this.draw();
    }) : null;
  }

  /** @param {string} tab */
  show(tab) {
    this.tab = tab;
    this.rows.replaceChildren();
    this.draw();
    document.getElementById(`tab-${tab}`)?.focus();
  }

  /** @param {KeyboardEvent} event */
  walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const names = Object.keys(TABS);
    event.preventDefault();
    this.show(names[(names.indexOf(this.tab) + step + names.length) % names.length]);
  }

  draw() {
    renew(this.tabs, this.tab, () => Object.keys(TABS).map((name) => el("button", {
      type: "button", role: "tab", id: `tab-${name}`, "aria-selected": String(name === this.tab), "aria-controls": "behind-rows",
      tabindex: name === this.tab ? 0 : -1, onclick: () => this.show(name),
    }, name)));
    this.rows.setAttribute("aria-labelledby", `tab-${this.tab}`);
    const groups = this.seen ? Object.entries(TABS[this.tab](this.seen, this.tz)) : [];
    const filled = groups.filter(([, rows]) => rows.length);
    const shown = filled.length ? filled : [/** @type {[string, Row[]]} */ (["nothing", []])];
    keyed(this.rows, shown, ([name]) => name, ([name]) => name, ([name]) => el("section", {}, name === "nothing"
      ? el("p", { class: "empty" }, this.seen ? NOTHING[this.tab] : "Looking …")
      : [name && el("h3", {}, name), el("div", { class: "list" })]));
    for (const [i, [, rows]] of shown.entries()) this.fill(this.rows.children[i].querySelector(".list"), rows);
  }

  /** Rows that are open stay open. @param {Element | null} list @param {Row[]} rows */
  fill(list, rows) {
    if (!list) return;
    const opened = new Set([...list.querySelectorAll("details[open]")].map((one) => one.getAttribute("data-key")));
    const words = (/** @type {Row} */ row) => [row.title.map((one) => (one instanceof Element ? one.outerHTML : String(one))), row.body];
    keyed(list, rows, (row) => row.key, words, (row) => (row.body.length
      ? el("details", { open: opened.has(row.key) }, el("summary", { id: `row-${row.key}` }, row.title),
        row.body.map(([name, value]) => [name && el("div", { class: "part" }, name), json(value)]).flat())
      : el("div", { class: "plain-row" }, row.title)));
  }
}

/** @param {Exchange} one @param {string} tz @returns {Row} */
function exchange(one, tz) {
  const status = one.status ?? "";
  const bad = /^[45]|error|fail|timeout/i.test(String(status));
  return {
    key: `${one.at} ${one.direction} ${one.name}`,
    title: [
      el("span", { class: `arrow ${one.direction}` }, ARROWS[one.direction] ?? one.direction), el("code", {}, one.name),
      status !== "" && el("span", { class: bad ? "status bad" : "status" }, status),
      el("time", { title: fullTime(one.at, tz) }, new Date(one.at * 1000).toLocaleTimeString("en-GB", { timeZone: tz })),
    ],
    body: [["Sent", one.request], ["Answered", one.response]],
  };
}

/** @param {Record<string, any>} document @returns {Row} */
function stored(document) {
  const id = typeof document._id === "string" ? document._id : JSON.stringify(document._id);
  const rest = Object.entries(document).filter(([name]) => name !== "_id").map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(" · ");
  return { key: id, title: [el("code", {}, id), el("span", { class: "rest" }, rest.slice(0, LONGEST_TITLE))], body: [["", document]] };
}

/** @param {{request: any, response?: any}} one @param {number} number @returns {Row} */
function gemini(one, number) {
  const answered = one.response !== undefined && one.response !== null;
  return { key: String(number), title: [el("strong", {}, `Request ${number}`), el("span", { class: "rest" }, answered ? "answered" : "no answer")], body: [["Sent", one.request], ["Answered", one.response]] };
}

/** The same key twice would be one row. @param {Row[]} rows */
function unique(rows) {
  const met = /** @type {Record<string, number>} */ ({});
  // From the oldest on, so that a new row does not rename those that are there.
  for (const row of [...rows].reverse()) {
    met[row.key] = (met[row.key] ?? 0) + 1;
    if (met[row.key] > 1) row.key = `${row.key} ${met[row.key]}`;
  }
  return rows;
}
