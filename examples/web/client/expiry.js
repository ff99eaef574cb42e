/** Disappearing messages: hidden at their time, and no longer counted. */
import { addUnread } from "./apply.js";
import { countable, expired } from "./message.js";

/** A timer may not be set further ahead than this. */
const LONGEST_MS = 2 ** 31 - 1;

export class Expiry {
  #store;
  #environment;
  #timer = null;
  #planned = Infinity;
  #checked;

  constructor(store, environment) {
    this.#store = store;
    this.#environment = environment;
    this.#checked = environment.now();
  }

  /** The messages of a conversation changed: wake when the first of them expires. */
  plan(conversationId) {
    const state = this.#store.conversations.get(conversationId);
    const next = Math.min(...(state ? this.#due(state).map(({ at }) => at) : []));
    if (next >= this.#planned) return;
    this.#planned = next;
    this.#environment.clearTimeout(this.#timer);
    const wait = Math.min(LONGEST_MS, Math.max(0, next - this.#environment.now()));
    this.#timer = this.#environment.setTimeout(() => this.#pass(), wait);
  }

  #due(state) {
    return state.window
      .list(this.#checked)
      .filter((message) => message.expires_at)
      .map((message) => ({ message, at: Date.parse(message.expires_at) }));
  }

  #pass() {
    const now = this.#environment.now();
    const states = [...this.#store.conversations.values()];
    const passed = states.flatMap((state) =>
      this.#due(state)
        .filter(({ message }) => expired(message, now))
        .map(({ message }) => ({ state, message })),
    );
    this.#checked = now;
    this.#planned = Infinity;
    for (const { state, message } of passed) this.#hide(state, message, now);
    for (const { id } of states) this.plan(id);
  }

  #hide(state, message, now) {
    const unread = message.seq > state.me.read_seq && !message.deleted;
    if (unread && countable(message, this.#store.userId))
      addUnread(this.#store, state, message, -1);
    state.window.unquote(message.id);
    if (state.lastMessage?.id === message.id) state.stepBack(now);
    this.#store.emit("messages", state.id);
    this.#store.emit("conversations", state.id);
  }
}
