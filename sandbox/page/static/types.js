/** Types of the data between page and server; Block Kit types are Slack's and stay open. */

/** @typedef {Record<string, any>} Json  Block Kit, state elements and payloads, as Slack writes them */

/**
 * @typedef {object} PersonInfo
 * @property {string} id
 * @property {string} handle
 * @property {string} real_name
 * @property {string} email
 * @property {string} tz
 * @property {string} color
 * @property {"Employee" | "Moderator" | "Admin"} role
 * @property {number} unread  new messages since somebody last looked at this person's screen
 */

/**
 * @typedef {object} Message
 * @property {string} ts
 * @property {string | null} thread_ts
 * @property {string} user
 * @property {boolean} is_app
 * @property {string} text
 * @property {Json[]} blocks
 * @property {Json[]} attachments
 * @property {boolean} ephemeral
 * @property {boolean} edited
 * @property {number} reply_count
 * @property {{name: string, count: number}[]} reactions
 * @property {Json[]} files
 */

/**
 * @typedef {object} View
 * @property {string} id
 * @property {string} hash
 * @property {"modal" | "home"} type
 * @property {string} title
 * @property {string | null} submit
 * @property {string} close
 * @property {Json[]} blocks
 * @property {Record<string, Record<string, Json>>} values
 * @property {Record<string, string>} errors
 * @property {string} callback_id
 */

/** @typedef {{id: string, name: string, kind: "app" | "channel", unread: number}} Conversation */
/** @typedef {{command: string, usage_hint: string, description: string}} Command */
/** @typedef {{name: string, callback_id: string}} Shortcut */
/** @typedef {{id: string, from: string, to: string[], subject: string, text: string, html: string, at: number | string}} Email */
/** @typedef {{name: string, label: string, hint: string, on: boolean, kind: "toggle" | "once"}} Switch */

/**
 * @typedef {object} Screen
 * @property {PersonInfo} person
 * @property {PersonInfo[]} people
 * @property {{id: string, name: string}} team
 * @property {{name: string, user_id: string, home_tab: boolean, messages_tab: boolean}} app
 * @property {Command[]} commands
 * @property {{global: Shortcut[], message: Shortcut[]}} shortcuts
 * @property {Conversation[]} conversations
 * @property {Record<string, Message[]>} messages
 * @property {View | null} home
 * @property {View[]} modals
 * @property {string[]} alerts
 * @property {Email[]} emails
 * @property {Record<string, string>} names
 * @property {Switch[]} switches
 */

/** @typedef {{direction: string, name: string, at: number, person?: string | null, request?: any, response?: any, status?: any}} Exchange */

/**
 * @typedef {object} InspectorData
 * @property {Record<string, Json[]> | null} documents  null while MongoDB does not answer
 * @property {{key: string, value: any}[]} jobs
 * @property {{request: any, response?: any}[]} gemini
 * @property {Exchange[]} requests
 * @property {{name: string, running: boolean}[]} processes
 */

/** @typedef {{channel: string, ts: string} | {view_id: string}} Target */

/**
 * A place that shows blocks: all that a renderer needs to draw an element and to report actions.
 * @typedef {object} Surface
 * @property {Target} target
 * @property {string} scope  prefix of every DOM id in here
 * @property {Screen} screen
 * @property {Record<string, Record<string, Json>>} values
 * @property {Record<string, string>} errors
 * @property {(block: Json, element: Json, state: Json) => void} store  keeps the value of an input
 * @property {(block: Json, element: Json, state?: Json) => Promise<void>} click
 * @property {(block: Json, element: Json, typed: string) => Promise<Json[]>} search
 */

export {};
