/** What a timeline shows, in order: separators, messages, and what is not sent yet. */
import { dayKey, dayLabel } from "./format.js";
import { client, titleOf } from "./session.js";

/** Messages of one sender within this stand together. */
const RUN_MS = 5 * 60_000;

/** What is said above the first message. */
export function beginning(state, items) {
  const first = items.find(({ message }) => message?.seq)?.message;
  if (first ? first.seq > 1 : state.info.last_seq > 0) return "Earlier messages are not shown.";
  const title = titleOf(state);
  if (!first) return "Nobody has written anything yet. Say hello!";
  if (state.info.kind === "self") return "What you keep here, only you see.";
  if (state.info.kind !== "direct") return `This is the beginning of ${title}.`;
  return `This is the beginning of your conversation with ${title}.`;
}

/**
 * Day separators, the mark of what is new (`newAfter` is the seq before it), and messages with
 * their place in a run.
 */
export function itemsOf(state, newAfter) {
  const { messages, unsent } = client.messages.timeline(state.id);
  const all = [...messages, ...unsent.map((entry) => asMessage(entry, state.id))];
  const firstNew = all.find(
    ({ seq, sender_id: sender }) => seq > newAfter && sender !== client.store.userId,
  );
  return all.flatMap((message, index) => {
    const before = all[index - 1];
    const after = all[index + 1];
    const newDay = !before || dayOf(before) !== dayOf(message);
    const run = {
      first: newDay || message === firstNew || !together(before, message),
      last: !after || after === firstNew || !together(message, after),
    };
    const item = itemOf(state, message, run);
    const day = newDay && {
      type: "day",
      key: `day ${item.key}`,
      label: dayLabel(message.created_at),
    };
    const mark = message === firstNew && { type: "new", key: "new", label: "New messages" };
    return [day, mark, item].filter(Boolean);
  });
}

const dayOf = (message) => dayKey(message.created_at);

function itemOf(state, message, run) {
  const own = message.sender_id === client.store.userId;
  return {
    type: "message",
    key: message.key ? `${message.sender_id} ${message.key}` : message.id,
    message,
    own,
    named: !own && state.info.kind === "group",
    status: own ? (message.state ?? state.statusOf(message)) : null,
    card: client.store.users.get(message.sender_id),
    ...run,
  };
}

function together(a, b) {
  if (a.sender_id !== b.sender_id || dayOf(a) !== dayOf(b)) return false;
  if (a.kind === "system" || b.kind === "system") return false;
  return Date.parse(b.created_at) - Date.parse(a.created_at) < RUN_MS;
}

const asMessages = new WeakMap();

/** An outbox entry, looking like the message it will be. */
function asMessage(entry, conversationId) {
  const held = asMessages.get(entry);
  if (held) return held;
  const { key, fields, shown, created_at, state, error } = entry;
  const made = {
    key,
    conversation_id: conversationId,
    sender_id: client.store.userId,
    kind: fields.kind ?? "text",
    body: fields.body,
    ...shown,
    created_at,
    state,
    error,
  };
  asMessages.set(entry, made);
  return made;
}
