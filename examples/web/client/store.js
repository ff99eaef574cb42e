/**
 * All that the client knows, as plain values, and the changes announced to subscribers.
 *
 * Topics: `me`, `users` (id of a user), `conversations` (id, or null for the whole list),
 * `messages`, `members` and `typing` (id of a conversation), `presence` (id of a user, or null for all),
 * `blocks`, `contacts` (id of a user, or null for all),
 * `sessions`, `connection`.
 */
import { alive, mergeMessage } from "./message.js";
import { joinMarks, Roster } from "./roster.js";
import { MessageWindow } from "./window.js";

const PERSONAL = ["me", "last_message", "cursor", "peer_id", "replayed"];
const COUNTS = ["unread", "unread_more", "unread_mentions"];

/** One conversation: its shared face in `info`, one's own view in `me`, messages and members. */
export class ConversationState {
  info = {};
  me = null;
  peerId = null;
  lastMessage = null;
  /** The highest seq that the counts in `me` are of. */
  seenSeq = 0;
  roster = new Roster();

  constructor(id, userId) {
    this.id = id;
    this.userId = userId;
    this.window = new MessageWindow(userId);
  }

  /** Take an answer with the personal face. Counts are taken once: later a pull tells them. */
  put(conversation) {
    this.putInfo(conversation);
    this.peerId = conversation.peer_id ?? this.peerId;
    if (conversation.last_message) this.noteLast(conversation.last_message, { personal: true });
    if (conversation.me) this.putMe(conversation.me, { counts: this.me === null });
    this.seenSeq = Math.max(this.seenSeq, conversation.last_seq);
  }

  /** Take a newer shared face, by `rev`. */
  putInfo(conversation) {
    if (conversation.rev < (this.info.rev ?? 0)) return;
    const shared = { ...conversation };
    for (const name of PERSONAL) delete shared[name];
    this.info = shared;
    this.window.raiseFloor(shared.pruned_seq ?? 0);
  }

  /** Take what the server says of one's own membership; marks never go back. */
  putMe(me, { counts }) {
    const next = { ...me };
    if (this.me) {
      if (!counts) for (const name of COUNTS) next[name] = this.me[name];
      Object.assign(next, joinMarks(this.me, me));
    }
    this.me = next;
    this.window.raiseFloor(next.cleared_seq ?? 0);
    if (this.lastMessage?.seq <= (next.cleared_seq ?? 0)) this.lastMessage = null;
  }

  /** The newest message is the one to preview. */
  noteLast(message, context) {
    const last = this.lastMessage;
    if (last && message.seq < last.seq) return;
    const held = last?.id === message.id ? last : undefined;
    this.lastMessage = mergeMessage(held, message, { userId: this.userId, ...context });
  }

  /** The last message went out of sight: preview the one before. Returns false if unknown. */
  stepBack(now) {
    this.lastMessage = this.window.list(now).at(-1) ?? null;
    return this.lastMessage !== null || this.window.complete;
  }

  /** Whether one wants no noise from here. */
  muted(now) {
    return this.me?.muted_until != null && Date.parse(this.me.muted_until) > now;
  }

  /** `sent`, `delivered` or `read`. */
  statusOf(message) {
    return this.roster.status(message, this.info.kind === "direct" ? this.peerId : null);
  }

  /** When something last happened here, for the order of the list. */
  get activeAt() {
    return Date.parse(this.lastMessage?.created_at ?? this.info.created_at);
  }
}

export class Store {
  /** The user this client is, with what only they may see; null when logged out. */
  me = null;
  limits = {};
  users = new Map();
  conversations = new Map();
  blocks = new Set();
  /** By user, what the two agree on: a Contact; those refused or removed are left out. */
  contacts = new Map();
  presence = new Map();
  #observer;
  #environment;

  constructor(observer, environment) {
    this.#observer = observer;
    this.#environment = environment;
  }

  get userId() {
    return this.me?.id ?? null;
  }

  get now() {
    return this.#environment.now();
  }

  emit(topic, id = null) {
    this.#observer.emit(topic, id);
  }

  /** Forget all, as before logging in. */
  clear() {
    this.me = null;
    this.users.clear();
    this.presence.clear();
    this.forgetConversations();
  }

  forgetConversations() {
    this.conversations.clear();
    this.blocks.clear();
    this.contacts.clear();
    this.emit("conversations");
    this.emit("blocks");
    this.emit("contacts");
  }

  putMe(user) {
    this.me = { ...this.me, ...user };
    this.putUsers([user]);
    this.emit("me");
  }

  /** Take public cards, newer by `version`. */
  putUsers(users) {
    for (const user of users ?? []) {
      const held = this.users.get(user.id);
      if (held && (user.version ?? 0) < (held.version ?? 0)) continue;
      this.users.set(user.id, { ...user });
      if (user.presence) this.putPresence(user.id, user.presence);
      this.emit("users", user.id);
    }
  }

  forgetPresence() {
    this.presence.clear();
    this.emit("presence");
  }

  putPresence(userId, presence) {
    this.presence.set(userId, presence);
    this.emit("presence", userId);
  }

  putBlock({ user_id: userId, blocked }) {
    if (blocked === false) this.blocks.delete(userId);
    else this.blocks.add(userId);
    this.emit("blocks", userId);
  }

  putContact(contact) {
    if (["requested", "accepted"].includes(contact.state)) {
      this.contacts.set(contact.user_id, contact);
    } else this.contacts.delete(contact.user_id);
    this.emit("contacts", contact.user_id);
  }

  /** The state of a conversation, made where it is new. */
  conversation(id) {
    let state = this.conversations.get(id);
    if (!state) {
      state = new ConversationState(id, this.userId);
      this.conversations.set(id, state);
    }
    return state;
  }

  putConversation(conversation) {
    const state = this.conversation(conversation.id);
    state.put(conversation);
    this.emit("conversations", conversation.id);
    return state;
  }

  dropConversation(id) {
    if (this.conversations.delete(id)) this.emit("conversations", id);
  }

  /** Conversations: the pinned ones, then the others, each with the last active first. */
  listConversations() {
    const pinned = ({ me }) => (me.pinned ? 1 : 0);
    return [...this.conversations.values()]
      .filter(({ me }) => me !== null)
      .sort(
        (a, b) => pinned(b) - pinned(a) || b.activeAt - a.activeAt || (a.id < b.id ? 1 : -1),
      );
  }

  /** Messages that anyone may still see, by rising seq. */
  listMessages(id) {
    return this.conversations.get(id)?.window.list(this.now) ?? [];
  }

  /** Whether a message has anything left to show. */
  alive(message) {
    return alive(message, this.now);
  }
}
