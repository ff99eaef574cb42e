/**
 * What each event does to the store.
 *
 * The caller has judged already that the event applies. `live` events carry the shared face and
 * move the unread counts by the stated rule; pulled ones are personal, and their counts come with
 * the pull. What an event needs beyond the store is asked of `wants`:
 *
 * - `pull(stream)`, `fetch(stream)` and `refresh(stream)` where the client cannot know by itself
 * - `quote(message)` for a live reply to a message that is not held
 * - `leave(stream)` when the conversation is no longer one's own
 * - `arrived(conversationId, seq)` for a message of another, `sent(conversationId, key)` for one's
 *   own, `wrote(conversationId, userId)` when somebody's typing has become a message,
 *   `typing(params)` for a typing event
 */
import { alive, countable, mentions } from "./message.js";

/** Apply one event. Names that are not known are applied by what they carry. */
export function applyEvent(store, wants, name, params, live) {
  const special = SPECIAL[name];
  if (special) return special(store, wants, params, live);
  if (params.message) return applyMessage(store, wants, name, params, live);
  if (params.conversation) return applyConversation(store, params.conversation);
  if (params.member) return applyMember(store, wants, name, params, live);
  return undefined;
}

const SPECIAL = {
  "stream.advanced": () => {},
  "conversation.deleted": (store, wants, { stream }) => wants.leave(stream),
  "receipts.moved": applyReceipts,
  "message.hidden": applyHidden,
  "conversation.personal": applyPersonal,
  "membership.changed": applyMembership,
  "me.updated": (store, wants, { user }) => store.putMe(user),
  "vote.changed": applyVote,
  "contact.changed": (store, wants, { contact }) => store.putContact(contact),
  "block.changed": (store, wants, { block }) => store.putBlock(block),
  "typing.changed": (store, wants, params) => wants.typing(params),
  "session.revoked": (store) => store.emit("sessions"),
  "user.changed": applyUser,
  "presence.changed": (store, wants, params) => store.putPresence(params.user_id, params.presence),
};

function applyMessage(store, wants, name, { message, change }, live) {
  const state = store.conversations.get(message.conversation_id);
  if (!state) return;
  const fresh = name === "message.sent" || message.seq > state.seenSeq;
  const context = live ? { personal: false, change, fresh } : { personal: true };
  const { before, after } = state.window.put(message, context);
  if (live) countLive(store, wants, state, { message, before, fresh });
  state.seenSeq = Math.max(state.seenSeq, message.seq);
  if (!message.hidden) state.noteLast(message, context);
  if (message.sender_id === store.userId) {
    if (message.key) wants.sent(state.id, message.key);
  } else {
    wants.arrived(state.id, message.seq);
    if (fresh) wants.wrote(state.id, message.sender_id);
  }
  if (!before && after?.reply_to && !after.reply_to.preview && live) wants.quote(message);
  store.emit("messages", state.id);
  store.emit("conversations", state.id);
}

/** The stated rule: +1 for a message of another above the read mark, −1 when it is deleted. */
function countLive(store, wants, state, { message, before, fresh }) {
  const { me } = state;
  if (!countable(message, store.userId) || message.seq <= Math.max(me.read_seq, me.joined_seq)) {
    return;
  }
  // Whether a mention by somebody blocked counts was decided when it was sent: the server knows.
  const named = mentions(before ?? message, store.userId);
  if (named && (message.deleted || store.blocks.has(message.sender_id))) wants.pull(state.id);
  if (fresh) {
    if (alive(message, store.now)) addUnread(store, state, message, 1);
  } else if (message.deleted) {
    // Held as deleted already means it came in a page, ahead of the counts.
    const known = before && before.rev < message.rev && !me.unread_more;
    if (!known) wants.pull(state.id);
    else if (alive(before, store.now)) addUnread(store, state, before, -1);
  }
}

/** Count a message in or out. Beyond what is exact, only the flag is right. */
export function addUnread(store, state, message, step) {
  const exact = store.limits.unread_exact ?? 1_000;
  const unread = Math.max(0, state.me.unread + step);
  const named = mentions(message, store.userId) ? step : 0;
  state.me = {
    ...state.me,
    unread: Math.min(unread, exact),
    unread_more: state.me.unread_more || unread > exact,
    unread_mentions: Math.max(0, (state.me.unread_mentions ?? 0) + named),
  };
}

function applyHidden(store, wants, params) {
  const state = store.conversations.get(params.conversation_id);
  if (!state) return;
  const message = state.window.patch(params.message_id, { hidden: params.hidden });
  if (params.hidden) state.window.unquote(params.message_id);
  if (state.lastMessage?.id === params.message_id && !state.stepBack(store.now)) {
    wants.refresh(state.id);
  }
  // Two streams have no common order: only the server knows whether the counts include this.
  if (!message || message.seq > state.me.read_seq) wants.pull(state.id);
  store.emit("messages", state.id);
  store.emit("conversations", state.id);
}

function applyVote(store, wants, params) {
  const state = store.conversations.get(params.conversation_id);
  const held = state?.window.get(params.message_id);
  if (!held?.poll) return;
  state.window.patch(params.message_id, { poll: { ...held.poll, mine: params.options } });
  store.emit("messages", state.id);
}

function applyConversation(store, conversation) {
  const state = store.conversations.get(conversation.id);
  if (!state) return;
  state.putInfo(conversation);
  store.emit("conversations", state.id);
  store.emit("members", state.id);
}

function applyMember(store, wants, name, { member, user }, live) {
  const state = store.conversations.get(member.conversation_id);
  if (!state) return;
  if (user) store.putUsers([user]);
  if (member.user_id === store.userId) {
    if (member.left_at != null) return wants.leave(state.id);
    state.me = { ...state.me, role: member.role };
  }
  if (member.left_at != null) keepStatuses(store, state);
  state.roster.put(member);
  countMembers(state, wants, { name, member, live });
  store.emit("members", state.id);
  store.emit("messages", state.id);
  store.emit("conversations", state.id);
}

/** A leave that empties the recipients keeps the last status. */
function keepStatuses(store, state) {
  for (const message of state.window.list(store.now)) {
    if (message.sender_id !== store.userId) continue;
    state.window.patch(message.id, { status: state.statusOf(message) });
  }
  const last = state.lastMessage;
  if (last?.sender_id === store.userId) {
    state.lastMessage = { ...last, status: state.statusOf(last) };
  }
}

/** The shared face counts the members as of its own rev. */
function countMembers(state, wants, { name, member, live }) {
  const step = { "member.joined": 1, "member.left": -1 }[name] ?? 0;
  if (state.roster.complete) {
    state.info = { ...state.info, member_count: state.roster.current().length };
  } else if (!live) {
    wants.refresh(state.id);
  } else if (member.rev > state.info.rev) {
    state.info = { ...state.info, member_count: state.info.member_count + step };
  }
}

function applyReceipts(store, wants, { stream, receipts }, live) {
  const state = store.conversations.get(stream);
  if (!state) return;
  for (const receipt of receipts) {
    state.roster.mark(receipt);
    if (receipt.user_id === store.userId) applyOwnReceipt(wants, state, receipt, live);
  }
  store.emit("messages", stream);
  store.emit("conversations", stream);
}

/** Another of one's own devices has read: only the server knows what is left. */
function applyOwnReceipt(wants, state, { delivered_seq, read_seq }, live) {
  const moved = read_seq > state.me.read_seq;
  state.putMe({ ...state.me, delivered_seq, read_seq }, { counts: false });
  if (moved && live) wants.pull(state.id);
}

function applyPersonal(store, wants, { conversation_id: id, me }) {
  const state = store.conversations.get(id);
  if (!state) return;
  const cleared = (me.cleared_seq ?? 0) > (state.me.cleared_seq ?? 0);
  state.putMe(me, { counts: false });
  if (cleared) wants.pull(id);
  store.emit("messages", id);
  store.emit("conversations", id);
}

function applyMembership(store, wants, { conversation_id: id, epoch }) {
  if (epoch == null) wants.leave(id);
  else if (store.conversations.has(id))
    wants.pull(id); // Resets where the membership is another.
  else wants.fetch(id);
}

function applyUser(store, wants, { user }) {
  if (user.id === store.userId) store.putMe(user);
  else store.putUsers([user]);
}
