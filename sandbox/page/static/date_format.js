/** Dates and times, formatted in a person's time zone. */

/** @param {string | number} ts  seconds since 1970, as Slack's `ts` */
const date = (ts) => new Date(Number(ts) * 1000);

/**
 * @param {string | number} ts
 * @param {string} tz
 * @param {Intl.DateTimeFormatOptions} options
 */
function formatDate(ts, tz, options) {
  return new Intl.DateTimeFormat("en-US", { ...options, timeZone: tz }).format(date(ts));
}

/** @param {string | number} ts @param {string} tz */
export const clock = (ts, tz) => formatDate(ts, tz, { hour: "numeric", minute: "2-digit" });

/** @param {string | number} ts @param {string} tz */
export const fullTime = (ts, tz) => formatDate(ts, tz, { dateStyle: "full", timeStyle: "medium" });

/** The day as YYYY-MM-DD. @param {string | number} ts @param {string} tz */
export function dayOf(ts, tz) {
  const parts = partsOf(ts, tz);
  return `${parts.year}-${parts.month}-${parts.day}`;
}

/** @param {string | number} ts @param {string} tz */
export function dayName(ts, tz) {
  return relativeDay(ts, tz) ?? formatDate(ts, tz, { weekday: "long", month: "long", day: "numeric" });
}

/** @param {string | number} ts @param {string} tz @returns {string | null} */
function relativeDay(ts, tz) {
  const now = Date.now() / 1000;
  const day = dayOf(ts, tz);
  if (day === dayOf(now, tz)) return "Today";
  if (day === dayOf(now - 86400, tz)) return "Yesterday";
  return day === dayOf(now + 86400, tz) ? "Tomorrow" : null;
}

/** Placeholders of Slack's `<!date^…>`; https://docs.slack.dev/messaging/formatting-message-text#date-formatting
 * @type {Record<string, (ts: string, tz: string) => string>} */
const TOKENS = {
  date_num: dayOf,
  date: (ts, tz) => formatDate(ts, tz, { dateStyle: "long" }),
  date_short: (ts, tz) => formatDate(ts, tz, { month: "short", day: "numeric", year: "numeric" }),
  date_long: (ts, tz) => formatDate(ts, tz, { dateStyle: "full" }),
  date_pretty: (ts, tz) => formatRelative(ts, tz, { dateStyle: "long" }),
  date_short_pretty: (ts, tz) => formatRelative(ts, tz, { month: "short", day: "numeric", year: "numeric" }),
  date_long_pretty: (ts, tz) => formatRelative(ts, tz, { dateStyle: "full" }),
  time: clock,
  time_secs: (ts, tz) => formatDate(ts, tz, { hour: "numeric", minute: "2-digit", second: "2-digit" }),
  ago: (ts) => formatAgo(Number(ts)),
};

/** @param {string} ts @param {string} tz @param {Intl.DateTimeFormatOptions} options */
function formatRelative(ts, tz, options) {
  return relativeDay(ts, tz)?.toLowerCase() ?? formatDate(ts, tz, options);
}

/** @param {number} ts */
function formatAgo(ts) {
  const seconds = Math.round(ts - Date.now() / 1000);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  if (Math.abs(seconds) < 3600) return words.format(Math.round(seconds / 60), "minute");
  if (Math.abs(seconds) < 86400) return words.format(Math.round(seconds / 3600), "hour");
  return words.format(Math.round(seconds / 86400), "day");
}

/** @param {string} ts @param {string} format @param {string} tz */
export function slackDate(ts, format, tz) {
  return format.replace(/\{(\w+)\}/g, (all, name) => TOKENS[name]?.(ts, tz) ?? all);
}

/** @param {string | number} ts @param {string} tz @returns {Record<string, string>} */
function partsOf(ts, tz) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: tz, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit",
  });
  return Object.fromEntries(format.formatToParts(date(ts)).map((part) => [part.type, part.value]));
}

/** The value for an `<input type=datetime-local>`. @param {number} ts @param {string} tz */
export function toLocalInput(ts, tz) {
  const p = partsOf(ts, tz);
  return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}`;
}

/** Seconds since 1970 for a wall-clock time in a time zone. @param {string} local @param {string} tz */
export function toSeconds(local, tz) {
  const asUtc = (/** @type {string} */ text) => Date.parse(`${text}:00Z`) / 1000;
  let guess = asUtc(local);
  // Two rounds, because the offset may change between the first guess and the result.
  for (let i = 0; i < 2; i += 1) guess += asUtc(local) - asUtc(toLocalInput(guess, tz));
  return guess;
}
