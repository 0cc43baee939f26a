/** Where blocks stand, and what happens there when something is pressed or filled in. */

import { idOf } from "./dom.js";
import { drawBlocks } from "./blocks.js";

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Place} Place */
/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./types.js").View} View */
/** @typedef {import("./talk.js").Talk} Talk */

const SEND_AFTER_MS = 250;

/** What is typed into one view: shown at once, sent a moment later, never lost by a redraw. */
export class Drafts {
  /** @param {Talk} talk @param {string} viewId */
  constructor(talk, viewId) {
    this.talk = talk;
    this.viewId = viewId;
    /** @type {Map<string, Json>} */
    this.kept = new Map();
    /** @type {Map<string, Json>} */
    this.unsent = new Map();
    this.timer = 0;
    this.sending = Promise.resolve();
  }

  /** @param {Json} block @param {Json} element @param {Json} state */
  keep(block, element, state) {
    const fill = { act: "fill", view_id: this.viewId, block_id: block.block_id, action_id: element.action_id, state };
    const key = idOf(block.block_id, element.action_id);
    this.kept.set(key, fill);
    this.unsent.set(key, fill);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), SEND_AFTER_MS);
  }

  /** Send what waits; returns when all has arrived, in order. */
  flush() {
    clearTimeout(this.timer);
    const fills = [...this.unsent.values()];
    this.unsent.clear();
    this.sending = this.sending.then(async () => {
      for (const fill of fills) await this.talk.act(fill);
    });
    return this.sending;
  }

  /** The view's values with what was typed here over them. @param {View} view */
  over(view) {
    const values = structuredClone(view.values ?? {});
    for (const fill of this.kept.values()) {
      const block = values[fill.block_id];
      if (block?.[fill.action_id]?.type === fill.state.type) block[fill.action_id] = fill.state;
    }
    this.forget(view);
    return values;
  }

  /** A field that is gone starts anew should it come back, as in Slack. @param {View} view */
  forget(view) {
    for (const [key, fill] of this.kept) {
      if (!view.values?.[fill.block_id]?.[fill.action_id]) this.kept.delete(key);
    }
  }
}

/** @param {Screen} screen @param {Talk} talk @param {View} view @param {Drafts} drafts @returns {Place} */
export function inView(screen, talk, view, drafts) {
  const where = { view_id: view.id };
  return {
    where,
    scope: idOf("v", view.id),
    screen,
    values: drafts.over(view),
    errors: view.errors ?? {},
    keep: (block, element, state) => drafts.keep(block, element, state),
    click: async (block, element, state) => {
      await drafts.flush();
      await talk.act(clicked(where, block, element, state));
    },
    search: (block, element, typed) => talk.options({ ...where, ...named(block, element), typed }),
  };
}

/** What was chosen or typed in messages, by message: no screen tells of it, and a redraw must not lose it.
 * @typedef {{values: View["values"], unsent: Map<string, Json>}} Held
 * @type {Map<string, Held>} */
const inMessages = new Map();

/** @param {Screen} screen @param {Talk} talk @param {string} channel @param {Message} message @param {string} pane @returns {Place} */
export function inMessage(screen, talk, channel, message, pane) {
  const where = { channel, ts: message.ts };
  const key = idOf(channel, message.ts);
  if (!inMessages.has(key)) inMessages.set(key, { values: {}, unsent: new Map() });
  const { values, unsent } = /** @type {Held} */ (inMessages.get(key));
  const hold = (/** @type {Json} */ block, /** @type {Json} */ element, /** @type {Json} */ state) => {
    values[block.block_id] = { ...values[block.block_id], [element.action_id]: state };
  };
  return {
    where,
    scope: idOf(pane, channel, message.ts),
    screen,
    values,
    errors: {},
    keep: (block, element, state) => {
      hold(block, element, state);
      if (!block.dispatch_action) unsent.set(idOf(block.block_id, element.action_id), clicked(where, block, element, state));
    },
    click: async (block, element, state) => {
      if (state) hold(block, element, state);
      const before = [...unsent.values()];
      unsent.clear();
      for (const act of before) await talk.act(act);
      await talk.act(clicked(where, block, element, state));
    },
    search: (block, element, typed) => talk.options({ ...where, ...named(block, element), typed }),
  };
}

/** @param {import("./types.js").Where} where @param {Json} block @param {Json} element @param {Json} [state] */
function clicked(where, block, element, state) {
  return { act: "click", where, ...named(block, element), ...(state ? { state } : {}) };
}

/** @param {Json} block @param {Json} element */
const named = (block, element) => ({ block_id: block.block_id, action_id: element.action_id });

/** The Home tab's blocks. @param {Screen} screen @param {Talk} talk @param {View} view @param {Drafts} drafts */
export function drawView(screen, talk, view, drafts) {
  return drawBlocks(view.blocks, inView(screen, talk, view, drafts));
}
