/**
 * Messages that are not sent yet. They outlive a reload, and each has one key for ever, so that
 * sending it again after a lost answer gives the same message and not a second one.
 *
 * Entries of one conversation leave in order, one after the other. An entry is
 * `{key, conversation_id, fields, shown, created_at, state, error}` with `state` `pending` or
 * `failed`; `fields` are the request's, `shown` is what they refer to, to be shown meanwhile:
 * `{attachments, reply_to}`.
 */
import { ChatError } from "./errors.js";
import { newKey } from "./keys.js";

const PREFIX = "chatcore.outbox";
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** A server that keeps failing at one message must not hold up those behind it. */
const INTERNAL_MOST = 3;

export class Outbox {
  #environment;
  #send;
  #changed;
  #userId = null;
  #entries = new Map();
  #draining = new Set();

  /**
   * @param {object} parts `environment`, `send(entry)` which answers the message, and
   *   `changed(conversationId)`
   */
  constructor({ environment, send, changed }) {
    this.#environment = environment;
    this.#send = send;
    this.#changed = changed;
  }

  /** Take up what this user left unsent. One stored item an entry: windows share the storage. */
  open(userId) {
    if (this.#userId === userId) return;
    this.close();
    this.#userId = userId;
    const { storage } = this.#environment;
    const names = Array.from({ length: storage.length }, (_, index) => storage.key(index));
    const own = names.filter((name) => name?.startsWith(`${PREFIX}.${userId}.`)).sort();
    for (const name of own) this.#restore(name);
  }

  /** Forget the entries here; they stay in storage. */
  close() {
    this.#userId = null;
    this.#entries.clear();
  }

  /** What waits or failed in a conversation, oldest first. */
  list(conversationId) {
    return [...this.#entries.values()].filter((one) => one.conversation_id === conversationId);
  }

  /** Put a message in, to be sent as soon as can be. Returns its entry. */
  add(conversationId, fields, shown) {
    const now = this.#environment.now();
    const entry = {
      key: newKey(now),
      conversation_id: conversationId,
      fields,
      shown,
      created_at: new Date(now).toISOString(),
      state: "pending",
      error: null,
    };
    this.#keep(entry);
    this.drain(conversationId);
    return entry;
  }

  /** Try a failed entry again, under the same key. */
  retry(key) {
    const entry = this.#entries.get(key);
    if (entry?.state !== "failed") return;
    this.#keep({ ...entry, state: "pending", error: null });
    this.drain(entry.conversation_id);
  }

  /** Give up an entry. Returns it. */
  discard(key) {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#environment.storage.removeItem(this.#name(key));
    this.#changed(entry.conversation_id);
    return entry;
  }

  /** There is a session again: send what waits. */
  flush() {
    const waiting = new Set([...this.#entries.values()].map((one) => one.conversation_id));
    for (const conversationId of waiting) this.drain(conversationId);
  }

  /** Send what waits in one conversation, in order, as long as it goes. */
  async drain(conversationId) {
    if (this.#draining.has(conversationId)) return;
    this.#draining.add(conversationId);
    try {
      let attempt = 0;
      for (let entry; (entry = this.#next(conversationId));) {
        const wait = await this.#attempt(entry, attempt);
        if (wait === null) return;
        attempt = wait ? attempt + 1 : 0;
        if (wait) await new Promise((done) => this.#environment.setTimeout(done, wait));
      }
    } finally {
      this.#draining.delete(conversationId);
    }
  }

  #next(conversationId) {
    return this.list(conversationId).find(({ state }) => state === "pending");
  }

  /** Send once. Answers ms to wait before the same again, 0 to go on, null to stop for now. */
  async #attempt(entry, attempt) {
    try {
      await this.#send(entry);
      this.discard(entry.key);
      return 0;
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      if (error.code === "offline") return null;
      const hopeless = error.code === "internal" && attempt >= INTERNAL_MOST;
      if (!error.passing || hopeless) {
        this.#fail(entry, error);
        return 0;
      }
      if (error.retryAfter) return error.retryAfter * 1000;
      return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
    }
  }

  #fail(entry, error) {
    if (!this.#entries.has(entry.key)) return;
    this.#keep({ ...entry, state: "failed", error: { code: error.code, message: error.message } });
  }

  #keep(entry) {
    this.#entries.set(entry.key, entry);
    try {
      this.#environment.storage.setItem(this.#name(entry.key), JSON.stringify(entry));
    } catch {
      // Storage is full or forbidden: the entry lives as long as the page.
    }
    this.#changed(entry.conversation_id);
  }

  #restore(name) {
    try {
      const entry = JSON.parse(this.#environment.storage.getItem(name));
      this.#entries.set(entry.key, entry);
    } catch {
      this.#environment.storage.removeItem(name);
    }
  }

  #name(key) {
    return `${PREFIX}.${this.#userId}.${key}`;
  }
}
