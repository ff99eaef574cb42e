/**
 * Sends how far this user has received and read each conversation. Marks are joined by maximum
 * and sent a moment later, so that a burst of messages costs one request; what a lost connection
 * swallowed is sent in the next session.
 */
import { ChatError } from "./errors.js";
import { joinMarks } from "./roster.js";

const SOON_MS = 150;
const RETRY_MS = 2_000;
/** Conversations a round: a first start may have hundreds to acknowledge. */
const A_ROUND = 20;

export class Marks {
  #environment;
  #store;
  #request;
  #sync;
  #wanted = new Map();
  #timer = null;
  #sending = false;

  constructor({ environment, store, request, sync }) {
    this.#environment = environment;
    this.#store = store;
    this.#request = request;
    this.#sync = sync;
  }

  /** A message has arrived at this device. */
  delivered(conversationId, seq) {
    this.#want(conversationId, { delivered_seq: seq, read_seq: 0 });
  }

  /** A message has been seen. */
  read(conversationId, seq) {
    this.#want(conversationId, { delivered_seq: seq, read_seq: seq });
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

  #want(conversationId, mark) {
    const held = this.#wanted.get(conversationId) ?? { delivered_seq: 0, read_seq: 0 };
    const wanted = joinMarks(held, mark);
    if (!this.#ahead(conversationId, wanted)) return;
    this.#wanted.set(conversationId, wanted);
    this.#later(SOON_MS);
  }

  /** Whether the server does not know yet. */
  #ahead(conversationId, { delivered_seq, read_seq }) {
    const me = this.#store.conversations.get(conversationId)?.me;
    return me && (delivered_seq > me.delivered_seq || read_seq > me.read_seq);
  }

  #later(ms) {
    if (this.#timer !== null) return;
    this.#timer = this.#environment.setTimeout(() => {
      this.#timer = null;
      this.#round();
    }, ms);
  }

  async #round() {
    if (this.#sending) return;
    this.#sending = true;
    const batch = [...this.#wanted].slice(0, A_ROUND);
    const waits = await Promise.all(batch.map(([id, mark]) => this.#mark(id, mark)));
    this.#sending = false;
    if (waits.includes(null)) return; // Offline: flushed by the next session.
    if (this.#wanted.size) this.#later(Math.max(SOON_MS, ...waits));
  }

  /** Send one mark. Answers ms to wait before more, null where there is no connection. */
  async #mark(id, mark) {
    try {
      if (this.#ahead(id, mark))
        this.#took(id, await this.#request("receipts.mark", request(id, mark)));
      if (this.#wanted.get(id) === mark) this.#wanted.delete(id);
      return 0;
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      if (error.code === "offline") return null;
      if (error.passing) return (error.retryAfter ?? 0) * 1000 || RETRY_MS;
      this.#wanted.delete(id); // Left meanwhile.
      return 0;
    }
  }

  /** The answer's counts are of `as_of_rev`; where the client is elsewhere, a pull tells. */
  #took(id, { receipt, as_of_rev: asOf, unread, unread_more, unread_mentions }) {
    const state = this.#store.conversations.get(id);
    if (!state) return;
    state.putMe(
      { ...state.me, read_seq: receipt.read_seq, delivered_seq: receipt.delivered_seq },
      { counts: false },
    );
    if (this.#sync.revOf(id) === asOf) {
      state.me = { ...state.me, unread, unread_more: unread_more ?? false, unread_mentions };
    } else {
      this.#sync.pull(id);
    }
    this.#store.emit("conversations", id);
  }
}

function request(conversationId, { delivered_seq: delivered, read_seq: read }) {
  return {
    conversation_id: conversationId,
    ...(delivered > read && { delivered_seq: delivered }),
    ...(read && { read_seq: read }),
  };
}
