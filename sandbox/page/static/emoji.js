/** The emoji that apps use most, by Slack's names; other names stay as text. */

/** @type {Record<string, string>} */
const EMOJI = {
  "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", ok_hand: "👌", wave: "👋", clap: "👏", pray: "🙏",
  raised_hands: "🙌", raised_hand: "✋", muscle: "💪", point_right: "👉", point_left: "👈", point_up: "☝️",
  point_down: "👇", writing_hand: "✍️", handshake: "🤝", eyes: "👀", brain: "🧠", smile: "😄", smiley: "😃",
  grinning: "😀", slightly_smiling_face: "🙂", blush: "😊", wink: "😉", joy: "😂", laughing: "😆", thinking_face: "🤔",
  neutral_face: "😐", confused: "😕", cry: "😢", sob: "😭", angry: "😠", rage: "😡", sweat_smile: "😅",
  sunglasses: "😎", heart_eyes: "😍", scream: "😱", sleeping: "😴", zzz: "💤", robot_face: "🤖", ghost: "👻",
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌", no_entry: "⛔",
  no_entry_sign: "🚫", warning: "⚠️", exclamation: "❗", question: "❓", grey_question: "❔", bangbang: "‼️",
  information_source: "ℹ️", red_circle: "🔴", large_orange_circle: "🟠", large_yellow_circle: "🟡",
  large_green_circle: "🟢", large_blue_circle: "🔵", white_circle: "⚪", black_circle: "⚫", large_blue_square: "🟦",
  red_square: "🟥", large_green_square: "🟩", hourglass: "⌛", hourglass_flowing_sand: "⏳", alarm_clock: "⏰",
  stopwatch: "⏱️", watch: "⌚", calendar: "📆", date: "📅", spiral_calendar_pad: "🗓️", bell: "🔔", no_bell: "🔕",
  loudspeaker: "📢", mega: "📣", speech_balloon: "💬", thought_balloon: "💭", email: "📧", envelope: "✉️",
  inbox_tray: "📥", outbox_tray: "📤", incoming_envelope: "📨", package: "📦", memo: "📝", pencil: "📝",
  pencil2: "✏️", page_facing_up: "📄", clipboard: "📋", bookmark: "🔖", label: "🏷️", paperclip: "📎", pushpin: "📌",
  round_pushpin: "📍", link: "🔗", lock: "🔒", unlock: "🔓", key: "🔑", shield: "🛡️", mag: "🔍", bulb: "💡",
  wrench: "🔧", hammer: "🔨", hammer_and_wrench: "🛠️", gear: "⚙️", computer: "💻", desktop_computer: "🖥️",
  printer: "🖨️", keyboard: "⌨️", telephone_receiver: "📞", iphone: "📱", battery: "🔋", electric_plug: "🔌",
  satellite: "📡", globe_with_meridians: "🌐", cloud: "☁️", sunny: "☀️", zap: "⚡", fire: "🔥", rotating_light: "🚨",
  sos: "🆘", ambulance: "🚑", rocket: "🚀", tada: "🎉", sparkles: "✨", star: "⭐", star2: "🌟", trophy: "🏆",
  medal: "🏅", gift: "🎁", heart: "❤️", blue_heart: "💙", green_heart: "💚", yellow_heart: "💛", purple_heart: "💜",
  broken_heart: "💔", 100: "💯", chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", bar_chart: "📊",
  moneybag: "💰", credit_card: "💳", ticket: "🎫", tickets: "🎟️", admission_tickets: "🎟️", house: "🏠",
  office: "🏢", busts_in_silhouette: "👥", bust_in_silhouette: "👤", technologist: "🧑‍💻", coffee: "☕",
  arrow_right: "➡️", arrow_left: "⬅️", arrow_up: "⬆️", arrow_down: "⬇️", arrows_counterclockwise: "🔄", repeat: "🔁",
  fast_forward: "⏩", new: "🆕", ok: "🆗", up: "🆙", free: "🆓", one: "1️⃣", two: "2️⃣", three: "3️⃣", four: "4️⃣",
  five: "5️⃣", heavy_plus_sign: "➕", heavy_minus_sign: "➖", wastebasket: "🗑️", bug: "🐛", construction: "🚧",
};

/** @param {string} name @returns {string} */
export function emoji(name) {
  return EMOJI[name.split("::")[0]] ?? `:${name}:`;
}

/** @param {string} text @returns {string} */
export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+'-]+):/g, (_, name) => emoji(name));
}
