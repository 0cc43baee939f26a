/** A conversation or a thread: its messages, oldest first, and the composer. */

import { drawAttachment } from "./attachments.js";
import { avatar } from "./avatar.js";
import { drawBlocks } from "./blocks.js";
import { Composer } from "./composer.js";
import { clock, dayName, dayOf, fullTime } from "./date_format.js";
import { createElement, idOf, updateList } from "./dom.js";
import { emoji } from "./emoji.js";
import { icon } from "./icons.js";
import { openMenu } from "./menu.js";
import { mrkdwn } from "./mrkdwn.js";
import { href, readRoute } from "./route.js";
import { messageSurface } from "./surfaces.js";
import { isWelcomeDismissed, welcomeLines } from "./welcome.js";

/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Screen} Screen */
/** @typedef {import("./api_client.js").ApiClient} ApiClient */
/** @typedef {{key: string, message?: Message, follows?: boolean, day?: string}} Item */

const CONTINUATION_SECONDS = 300;
const REACTIONS = ["+1", "white_check_mark", "eyes", "tada", "heart", "pray"];

export class MessagePane {
  /** @param {ApiClient} api @param {string} conversation @param {string} thread  the root's ts, or "" */
  constructor(api, conversation, thread = "") {
    this.api = api;
    this.conversation = conversation;
    this.thread = thread;
    this.composer = new Composer(api, conversation, thread);
    this.list = createElement("div", { class: "messages", role: "log", tabindex: 0, "aria-label": thread ? "Thread" : "Messages" });
    this.below = createElement("div", { class: "composer-place" });
    this.node = createElement("div", { class: "pane" }, this.list, this.below);
    this.started = false;
  }

  /** @param {Screen} screen */
  update(screen) {
    const conversation = screen.conversations.find((one) => one.id === this.conversation);
    if (!conversation) return;
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 80;
    const items = itemsOf(screen.messages[this.conversation] ?? [], this.thread, screen.person.tz);
    const draw = (/** @type {Item} */ item) => this.item(item, screen);
    updateList(this.list, items.length ? items : [{ key: "empty" }], (item) => item.key, (item) => [item, screen.names, screen.shortcuts.message, isWelcomeDismissed()], draw);
    if (atEnd || !this.started) requestAnimationFrame(() => { this.list.scrollTop = this.list.scrollHeight; });
    this.started = true;
    this.updateComposer(screen, conversation);
  }

  /** @param {Screen} screen @param {import("./types.js").Conversation} conversation */
  updateComposer(screen, conversation) {
    const closed = conversation.kind === "app" && !screen.app.messages_tab;
    const shown = closed ? "closed" : "open";
    if (this.below.dataset.shown !== shown) {
      this.below.dataset.shown = shown;
      this.below.replaceChildren(closed ? createElement("p", { class: "closed" }, "Sending messages to this app has been turned off.") : this.composer.node);
    }
    this.composer.update(screen, (conversation.kind === "channel" ? "#" : "") + conversation.name.replace(/^#/, ""));
  }

  /** @param {Item} item @param {Screen} screen @returns {HTMLElement} */
  item(item, screen) {
    if (item.message) return this.message(item.message, Boolean(item.follows), screen);
    if (item.day) return createElement("div", { class: "day" }, createElement("span", {}, item.day));
    return emptyState(screen, this.conversation);
  }

  /** @param {Message} message @param {boolean} follows @param {Screen} screen */
  message(message, follows, screen) {
    const name = nameOf(message.user, screen);
    const id = idOf(this.thread ? "thread" : "message", message.ts);
    const kind = message.ephemeral ? "whisper" : "message";
    return createElement(
      "article", { class: `message ${kind} ${follows ? "follows" : ""}`, "data-testid": kind, "data-ts": message.ts, "aria-labelledby": `${id}-by` },
      createElement("div", { class: "gutter" }, follows ? timestamp(message, screen, "") : avatar(message.user, name, screen)),
      createElement("div", { class: "content" },
        message.ephemeral && createElement("div", { class: "only-you" }, icon("eye"), "Only visible to you"),
        createElement("div", { class: follows ? "by heard" : "by", id: `${id}-by` }, createElement("strong", {}, name),
          message.is_app && createElement("span", { class: "tag" }, "App"), timestamp(message, screen, " ")),
        ...this.messageBody(message, screen),
        this.reactions(message), this.replies(message)),
      !message.ephemeral && this.tools(message, screen, id),
    );
  }

  /** @param {Message} message @param {Screen} screen @returns {(Node | string)[]} */
  messageBody(message, screen) {
    const surface = messageSurface(screen, this.api, this.conversation, message, this.thread ? "t" : "m");
    const body = message.blocks?.length ? drawBlocks(message.blocks, surface) : [message.text && createElement("div", { class: "text" }, ...mrkdwn(message.text, screen))];
    const attachments = message.attachments.map((one) => drawAttachment(one, surface));
    const files = (message.files ?? []).map((file) => createElement("div", { class: "file" }, icon("file"), createElement("span", {}, file.title || file.name || file.id)));
    return [createElement("div", { class: "message-body" }, body, attachments, message.edited && createElement("span", { class: "edited" }, "(edited)")), ...files];
  }

  /** @param {Message} message */
  reactions(message) {
    if (!message.reactions?.length) return null;
    const chips = message.reactions.map((one) => createElement("button", { type: "button", class: "reaction", "aria-label": `${one.name}: ${one.count}`, onclick: () => this.react(message, one.name) }, emoji(one.name), " ", one.count));
    return createElement("div", { class: "reactions" }, chips);
  }

  /** @param {Message} message @param {string} name */
  react(message, name) {
    void this.api.send({ act: "react", channel: this.conversation, ts: message.ts, emoji: name });
  }

  /** @param {Message} message */
  replies(message) {
    if (!message.reply_count || this.thread) return null;
    const words = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
    return createElement("a", { class: "replies", href: href({ place: this.conversation, panel: message.ts }) }, icon("thread"), words);
  }

  /** @param {Message} message @param {Screen} screen @param {string} id */
  tools(message, screen, id) {
    const target = (/** @type {Event} */ event) => /** @type {HTMLElement} */ (event.currentTarget);
    const faces = REACTIONS.map((name) => ({ label: `${emoji(name)}  ${name.replaceAll("_", " ")}`, act: () => this.react(message, name) }));
    const on = { channel: this.conversation, ts: message.ts };
    const thread = href({ place: this.conversation, panel: message.thread_ts ?? message.ts });
    const reply = this.thread ? [] : [{ label: "Reply in thread", act: () => { location.hash = thread; } }];
    const shortcuts = screen.shortcuts.message.map((one) => ({ label: one.name, note: screen.app.name, act: () => void this.api.send({ act: "shortcut", callback_id: one.callback_id, on }) }));
    return createElement(
      "div", { class: "tools" },
      menuButton(`${id}-react`, "Add a reaction", "smile", (event) => openMenu(target(event), faces, "Reactions")),
      !this.thread && createElement("a", { class: "quiet", id: `${id}-reply`, href: thread, "aria-label": "Reply in thread", title: "Reply in thread" }, icon("thread")),
      menuButton(`${id}-more`, "More actions on this message", "dots", (event) => openMenu(target(event), [...shortcuts, ...reply, ...faces.slice(0, 2)], "Message shortcuts")),
    );
  }
}

/** @param {string} id @param {string} label @param {"smile" | "dots"} sign @param {(event: Event) => void} onclick */
function menuButton(id, label, sign, onclick) {
  return createElement("button", { type: "button", class: "quiet", id, "aria-label": label, title: label, "aria-haspopup": "menu", "aria-expanded": "false", onclick }, icon(sign));
}

/** @param {Message[]} all @param {string} thread @param {string} tz @returns {Item[]} */
function itemsOf(all, thread, tz) {
  const root = (/** @type {Message} */ one) => !one.thread_ts || one.thread_ts === one.ts;
  const shown = all.filter((one) => (thread ? one.ts === thread || one.thread_ts === thread : root(one)))
    .sort((one, other) => Number(one.ts) - Number(other.ts));
  /** @type {Item[]} */
  const items = [];
  let last = /** @type {Message | undefined} */ (undefined);
  for (const message of shown) {
    const day = dayOf(message.ts, tz);
    const newDay = !last || dayOf(last.ts, tz) !== day;
    if (newDay && !thread) items.push({ key: `day-${day}`, day: dayName(message.ts, tz) });
    items.push({ key: message.ts, message, follows: !newDay && isContinuation(last, message) });
    last = message;
  }
  return items;
}

/** Whether a message continues the one before, without a new name line. @param {Message | undefined} last @param {Message} message */
function isContinuation(last, message) {
  const alike = last && last.user === message.user && last.ephemeral === message.ephemeral && !last.reply_count;
  // Only texts that people write are joined; each card keeps its own header.
  return Boolean(alike) && !message.is_app && Number(message.ts) - Number(last?.ts) < CONTINUATION_SECONDS;
}

/** @param {string} id @param {Screen} screen */
function nameOf(id, screen) {
  return (screen.names[id] ?? id).replace(/^@/, "");
}

/** @param {Message} message @param {Screen} screen @param {string} before */
function timestamp(message, screen, before) {
  const { tz } = screen.person;
  return createElement("time", { title: fullTime(message.ts, tz) }, before + clock(message.ts, tz));
}

/** @param {Screen} screen @param {string} conversation */
function emptyState(screen, conversation) {
  const isApp = screen.conversations.some((one) => one.id === conversation && one.kind === "app");
  const title = isApp ? `This is the beginning of your messages with ${screen.app.name}.` : "No messages yet.";
  return createElement("div", { class: "empty" }, createElement("h2", {}, title),
    isApp && isWelcomeDismissed() ? welcomeLines(screen, readRoute(screen)) : commandHint(screen));
}

/** @param {Screen} screen */
function commandHint({ commands: [command] }) {
  return command && createElement("p", {}, "Try ", createElement("code", {}, `${command.command} ${command.usage_hint}`.trim()), " below.");
}
