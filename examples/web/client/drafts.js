/**
 * Keeps what is being written in each conversation on the server, so that it waits on every device
 * of this user. The newest text wins; it is sent a moment after the last key, and what a lost
 * connection swallowed in the next session.
 */
import { ChatError } from "./errors.js";

const SOON_MS = 700;
const RETRY_MS = 2_000;

export class Drafts {
  #environment;
  #store;
  #save;
  #wanted = new Map();
  #timer = null;

  /** @param {object} parts `save(conversationId, text)` asks the server; `store`, `environment` */
  constructor({ environment, store, save }) {
    this.#environment = environment;
    this.#store = store;
    this.#save = save;
  }

  /** What is being written in a conversation, here or elsewhere. */
  get(conversationId) {
    return this.#wanted.get(conversationId) ?? this.#held(conversationId);
  }

  /** Whether the server has still to hear of this one. */
  waits(conversationId) {
    return this.#wanted.has(conversationId);
  }

  set(conversationId, text) {
    if (text === this.get(conversationId)) return;
    this.#wanted.set(conversationId, text);
    this.#later(SOON_MS);
  }

  /** There is a session again. */
  flush() {
    if (this.#wanted.size) this.#later(SOON_MS);
  }

  clear() {
    this.#wanted.clear();
    this.#environment.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #held(conversationId) {
    return this.#store.conversations.get(conversationId)?.me?.draft ?? "";
  }

  #later(ms) {
    this.#environment.clearTimeout(this.#timer);
    this.#timer = this.#environment.setTimeout(() => {
      this.#timer = null;
      this.#round();
    }, ms);
  }

  async #round() {
    for (const [id, text] of this.#wanted) {
      try {
        if (text !== this.#held(id)) await this.#save(id, text);
      } catch (error) {
        if (!(error instanceof ChatError)) throw error;
        if (error.code === "offline") return; // Flushed by the next session.
        if (error.passing) {
          this.#later((error.retryAfter ?? 0) * 1000 || RETRY_MS);
          return;
        }
      }
      if (this.#wanted.get(id) === text) this.#wanted.delete(id);
    }
  }
}
