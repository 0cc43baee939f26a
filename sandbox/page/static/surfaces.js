/** Surfaces: where blocks are shown, and how clicks and inputs there reach the server. */

import { drawBlocks } from "./blocks.js";
import { idOf } from "./dom.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Surface} Surface */
/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./types.js").View} View */
/** @typedef {import("./api_client.js").ApiClient} ApiClient */

const SEND_DELAY_MS = 250;

/** Unsent inputs of one view: shown at once, sent a moment later, kept when the view is redrawn. */
export class Drafts {
  /** @param {ApiClient} api @param {string} viewId */
  constructor(api, viewId) {
    this.api = api;
    this.viewId = viewId;
    /** @type {Map<string, Json>} */
    this.stored = new Map();
    /** @type {Map<string, Json>} */
    this.unsent = new Map();
    this.timer = 0;
    this.sending = Promise.resolve();
  }

  /** @param {Json} block @param {Json} element @param {Json} state */
  store(block, element, state) {
    const fill = { act: "fill", view_id: this.viewId, block_id: block.block_id, action_id: element.action_id, state };
    const key = idOf(block.block_id, element.action_id);
    this.stored.set(key, fill);
    this.unsent.set(key, fill);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), SEND_DELAY_MS);
  }

  /** Send all unsent inputs in order; returns when all have arrived. */
  flush() {
    clearTimeout(this.timer);
    const fills = [...this.unsent.values()];
    this.unsent.clear();
    this.sending = this.sending.then(async () => {
      for (const fill of fills) await this.api.send(fill);
    });
    return this.sending;
  }

  /** The view's values, replaced by newer inputs of this window. @param {View} view */
  withDrafts(view) {
    const values = structuredClone(view.values ?? {});
    for (const fill of this.stored.values()) {
      const block = values[fill.block_id];
      if (block?.[fill.action_id]?.type === fill.state.type) block[fill.action_id] = fill.state;
    }
    this.dropConfirmed(view);
    return values;
  }

  /** Forget inputs of removed fields: as in Slack, a field that comes back starts empty. @param {View} view */
  dropConfirmed(view) {
    for (const [key, fill] of this.stored) {
      if (!view.values?.[fill.block_id]?.[fill.action_id]) this.stored.delete(key);
    }
  }
}

/** @param {Screen} screen @param {ApiClient} api @param {View} view @param {Drafts} drafts @returns {Surface} */
export function viewSurface(screen, api, view, drafts) {
  const target = { view_id: view.id };
  return {
    target,
    scope: idOf("v", view.id),
    screen,
    values: drafts.withDrafts(view),
    errors: view.errors ?? {},
    store: (block, element, state) => drafts.store(block, element, state),
    click: async (block, element, state) => {
      await drafts.flush();
      await api.send(clickAction(target, block, element, state));
    },
    search: (block, element, typed) => api.fetchOptions({ ...target, ...elementIds(block, element), typed }),
  };
}

/** Inputs in messages, by message: the server's screen does not contain them, and a redraw must not lose them.
 * @typedef {{values: View["values"], unsent: Map<string, Json>}} MessageState
 * @type {Map<string, MessageState>} */
const messageStates = new Map();

/** @param {Screen} screen @param {ApiClient} api @param {string} channel @param {Message} message @param {string} pane @returns {Surface} */
export function messageSurface(screen, api, channel, message, pane) {
  const target = { channel, ts: message.ts };
  const key = idOf(channel, message.ts);
  if (!messageStates.has(key)) messageStates.set(key, { values: {}, unsent: new Map() });
  const { values, unsent } = /** @type {MessageState} */ (messageStates.get(key));
  const remember = (/** @type {Json} */ block, /** @type {Json} */ element, /** @type {Json} */ state) => {
    values[block.block_id] = { ...values[block.block_id], [element.action_id]: state };
  };
  return {
    target,
    scope: idOf(pane, channel, message.ts),
    screen,
    values,
    errors: {},
    store: (block, element, state) => {
      remember(block, element, state);
      if (!block.dispatch_action) unsent.set(idOf(block.block_id, element.action_id), clickAction(target, block, element, state));
    },
    click: async (block, element, state) => {
      if (state) remember(block, element, state);
      const before = [...unsent.values()];
      unsent.clear();
      for (const act of before) await api.send(act);
      await api.send(clickAction(target, block, element, state));
    },
    search: (block, element, typed) => api.fetchOptions({ ...target, ...elementIds(block, element), typed }),
  };
}

/** @param {import("./types.js").Target} target @param {Json} block @param {Json} element @param {Json} [state] */
function clickAction(target, block, element, state) {
  return { act: "click", target, ...elementIds(block, element), ...(state ? { state } : {}) };
}

/** @param {Json} block @param {Json} element */
const elementIds = (block, element) => ({ block_id: block.block_id, action_id: element.action_id });

/** The blocks of a view. @param {Screen} screen @param {ApiClient} api @param {View} view @param {Drafts} drafts */
export function drawView(screen, api, view, drafts) {
  return drawBlocks(view.blocks, viewSurface(screen, api, view, drafts));
}
