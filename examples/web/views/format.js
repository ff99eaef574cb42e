/** How times, sizes and names are written, in the language of the browser. */

const DAY_MS = 86_400_000;
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const shortYear = new Intl.DateTimeFormat(undefined, { dateStyle: "short" });
const longDay = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
});
const longYear = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

/** Whole days between a moment and now, by the calendar. */
function daysAgo(date) {
  return Math.round((midnight(new Date()) - midnight(date)) / DAY_MS);
}

export const clock = (text) => time.format(new Date(text));

export const fullTime = (text) => full.format(new Date(text));

/** The day a moment belongs to, the same for all its moments. */
export const dayKey = (text) => midnight(new Date(text)).getTime();

/** The words of a day separator. */
export function dayLabel(text) {
  const date = new Date(text);
  const days = daysAgo(date);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return date.getFullYear() === new Date().getFullYear()
    ? longDay.format(date)
    : longYear.format(date);
}

/** The few letters of a moment in a list: a time, a weekday or a date. */
export function shortTime(text) {
  const date = new Date(text);
  const days = daysAgo(date);
  if (days === 0) return time.format(date);
  if (days === 1) return "Yesterday";
  if (days > 1 && days < 7) return weekday.format(date);
  return date.getFullYear() === new Date().getFullYear()
    ? shortDay.format(date)
    : shortYear.format(date);
}

/** “today at 14:02”, “yesterday at 9:30”, “3 Mar at 17:10”. */
export function moment(text) {
  const date = new Date(text);
  const day = ["today", "yesterday"][daysAgo(date)] ?? shortTime(text);
  return `${day} at ${time.format(date)}`;
}

/** “last seen today at 14:02”. */
export function lastSeen(text) {
  return Date.now() - Date.parse(text) < 60_000
    ? "last seen just now"
    : `last seen ${moment(text)}`;
}

const PRESENCE = { online: "online", away: "away", dnd: "do not disturb" };

/** What a presence says in words; empty where nothing is told. */
export function presenceText(presence) {
  if (!presence) return "";
  const said = presence.text ? ` · ${presence.text}` : "";
  if (PRESENCE[presence.status]) return PRESENCE[presence.status] + said;
  return presence.last_seen ? lastSeen(presence.last_seen) : "offline";
}

export function fileSize(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size < 10 && unit ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** One or two letters for a name. */
export function initials(name) {
  const words = name
    .trim()
    .split(/[\s_.-]+/u)
    .filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map(
    (word) => [...(word ?? "")][0] ?? "",
  );
  return letters.join("").toUpperCase() || "?";
}

const HUES = 12;

/** One of the colours of the style sheet, always the same for one id. */
export function hueOf(id) {
  let hash = 0;
  for (const character of id) hash = Math.imul(hash ^ character.codePointAt(0), 0x9e3779b1);
  return ((hash ^ (hash >>> 15)) >>> 0) % HUES;
}

export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** “Ada”, “Ada and Bob”, “Ada, Bob and 3 others”. */
export function listNames(names, most = 2) {
  if (names.length <= 1) return names[0] ?? "";
  if (names.length <= most) return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  return `${names.slice(0, most).join(", ")} and ${plural(names.length - most, "other")}`;
}

const WHAT = {
  image: "Photo",
  video: "Video",
  audio: "Audio",
  file: "File",
  poll: "Poll",
  location: "Location",
  contact: "Contact",
  encrypted: "Encrypted message",
};

/** One line about a message, for lists and quotes. */
export function summary(message) {
  if (message.deleted) return "Message deleted";
  if (message.body) return message.body.replace(/\s+/gu, " ");
  if (message.poll) return `📊 ${message.poll.question}`;
  const [file] = message.attachments ?? [];
  if (message.kind === "file" && file) return file.name;
  return WHAT[message.kind] ?? "Message";
}
