/** The inspector: stored documents, waiting jobs, requests and processes, live. */

import { listen } from "./api_client.js";
import { fullTime } from "./date_format.js";
import { createElement, replaceIfChanged, updateList } from "./dom.js";
import { jsonView } from "./json_view.js";

/** @typedef {import("./types.js").InspectorData} Data */
/** @typedef {import("./types.js").Exchange} Exchange */
/** @typedef {{key: string, title: (Node | string | false)[], body: [string, unknown][]}} Row */

const MAX_TITLE_LENGTH = 90;
const ARROWS = /** @type {Record<string, string>} */ ({ api: "app → Slack", delivery: "Slack → app", ack: "app ⇠ answer" });

/** Tab → its rows, in groups. @type {Record<string, (data: Data, tz: string) => Record<string, Row[]>>} */
const TABS = {
  Requests: (data, tz) => ({ "": withUniqueKeys(data.requests.map((one) => exchangeRow(one, tz))) }),
  Documents: (data) => Object.fromEntries(Object.entries(data.documents ?? {}).map(([name, documents]) => [`${name} (${documents.length})`, withUniqueKeys(documents.map((one) => documentRow(one)))])),
  Jobs: (data) => ({ "": data.jobs.map((one) => ({ key: one.key, title: [createElement("code", {}, one.key)], body: [["", one.value]] })) }),
  Gemini: (data) => ({ "": data.gemini.map((one, i) => geminiRow(one, data.gemini.length - i)) }),
  Processes: (data) => ({ "": data.processes.map((one) => ({ key: one.name, title: [createElement("i", { class: one.running ? "dot" : "dot off" }), createElement("strong", {}, one.name), one.running ? " is running" : " is down"], body: [] })) }),
};

const EMPTY_TEXTS = /** @type {Record<string, string>} */ ({
  Requests: "No requests yet.", Documents: "No documents yet.", Jobs: "No jobs are waiting.",
  Gemini: "No requests to Gemini yet.", Processes: "No processes.",
});

export class Inspector {
  /** @param {string} tz */
  constructor(tz) {
    this.tz = tz;
    this.tab = "Requests";
    /** @type {Data | null} */
    this.data = null;
    this.tabs = createElement("div", { class: "tabs", role: "tablist", "aria-label": "Behind the scenes", onkeydown: (/** @type {KeyboardEvent} */ event) => this.moveTab(event) });
    this.rows = createElement("div", { class: "scroll rows", role: "tabpanel", id: "inspector-rows", tabindex: 0, "aria-labelledby": "tab-Requests" });
    this.node = createElement("div", { class: "inspector", "data-testid": "inspector" }, this.tabs, this.rows);
    /** @type {EventSource | null} */
    this.source = null;
    this.draw();
  }

  /** @param {boolean} watching */
  watch(watching) {
    if (watching === Boolean(this.source)) return;
    this.source?.close();
    this.source = watching ? listen("/api/inspector", "inspector", (data) => {
      this.data = data;
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
  moveTab(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const names = Object.keys(TABS);
    event.preventDefault();
    this.show(names[(names.indexOf(this.tab) + step + names.length) % names.length]);
  }

  draw() {
    replaceIfChanged(this.tabs, this.tab, () => Object.keys(TABS).map((name) => createElement("button", {
      type: "button", role: "tab", id: `tab-${name}`, "aria-selected": String(name === this.tab), "aria-controls": "inspector-rows",
      tabindex: name === this.tab ? 0 : -1, onclick: () => this.show(name),
    }, name)));
    this.rows.setAttribute("aria-labelledby", `tab-${this.tab}`);
    const groups = this.data ? Object.entries(TABS[this.tab](this.data, this.tz)) : [];
    const filled = groups.filter(([, rows]) => rows.length);
    const shown = filled.length ? filled : [/** @type {[string, Row[]]} */ (["empty", []])];
    const emptyText = this.data ? emptyTabText(this.tab, this.data) : "Loading …";
    const signature = (/** @type {[string, Row[]]} */ [name]) => (name === "empty" ? emptyText : name);
    updateList(this.rows, shown, ([name]) => name, signature, ([name]) => createElement("section", {}, name === "empty"
      ? createElement("p", { class: "empty" }, emptyText)
      : [name && createElement("h3", {}, name), createElement("div", { class: "list" })]));
    for (const [i, [, rows]] of shown.entries()) this.fill(this.rows.children[i].querySelector(".list"), rows);
  }

  /** Fill a list with rows; open rows stay open. @param {Element | null} list @param {Row[]} rows */
  fill(list, rows) {
    if (!list) return;
    const openKeys = new Set([...list.querySelectorAll("details[open]")].map((one) => one.getAttribute("data-key")));
    const signature = (/** @type {Row} */ row) => [row.title.map((one) => (one instanceof Element ? one.outerHTML : String(one))), row.body];
    updateList(list, rows, (row) => row.key, signature, (row) => (row.body.length
      ? createElement("details", { open: openKeys.has(row.key) }, createElement("summary", { id: `row-${row.key}` }, row.title),
        row.body.map(([name, value]) => [name && createElement("div", { class: "part" }, name), jsonView(value)]).flat())
      : createElement("div", { class: "plain-row" }, row.title)));
  }
}

/** @param {string} tab @param {Data} data */
function emptyTabText(tab, data) {
  return tab === "Documents" && data.documents === null ? "MongoDB does not answer." : EMPTY_TEXTS[tab];
}

/** @param {Exchange} one @param {string} tz @returns {Row} */
function exchangeRow(one, tz) {
  const status = one.status ?? "";
  const isError = /^[45]|error|fail|timeout/i.test(String(status));
  return {
    key: `${one.at} ${one.direction} ${one.name}`,
    title: [
      createElement("span", { class: `arrow ${one.direction}` }, ARROWS[one.direction] ?? one.direction), createElement("code", {}, one.name),
      status !== "" && createElement("span", { class: isError ? "status bad" : "status" }, status),
      createElement("time", { title: fullTime(one.at, tz) }, new Date(one.at * 1000).toLocaleTimeString("en-GB", { timeZone: tz })),
    ],
    body: [["Request", one.request], ["Response", one.response]],
  };
}

/** @param {Record<string, any>} document @returns {Row} */
function documentRow(document) {
  const id = typeof document._id === "string" ? document._id : JSON.stringify(document._id);
  const fields = Object.entries(document).filter(([name]) => name !== "_id").map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(" · ");
  return { key: id, title: [createElement("code", {}, id), createElement("span", { class: "preview" }, fields.slice(0, MAX_TITLE_LENGTH))], body: [["", document]] };
}

/** @param {{request: any, response?: any}} one @param {number} number @returns {Row} */
function geminiRow(one, number) {
  const answered = one.response !== undefined && one.response !== null;
  return { key: String(number), title: [createElement("strong", {}, `Request ${number}`), createElement("span", { class: "preview" }, answered ? "answered" : "no answer")], body: [["Request", one.request], ["Response", one.response]] };
}

/** Give rows with the same key different keys, so that each keeps its own node. @param {Row[]} rows */
function withUniqueKeys(rows) {
  const counts = /** @type {Record<string, number>} */ ({});
  // Start with the oldest row, so that a new row does not change the keys of existing rows.
  for (const row of [...rows].reverse()) {
    counts[row.key] = (counts[row.key] ?? 0) + 1;
    if (counts[row.key] > 1) row.key = `${row.key} ${counts[row.key]}`;
  }
  return rows;
}
