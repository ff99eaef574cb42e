/**
 * Who is writing where. Typing is a lease of six seconds on both sides: one's own is renewed while
 * keys are pressed, another's runs out by itself.
 */
const LEASE_MS = 6_000;
const RENEW_MS = 3_000;

export class Typing {
  #environment;
  #notify;
  #changed;
  #others = new Map();
  #own = { conversationId: null, until: 0 };

  /** @param {object} parts `environment`, `notify(method, params)`, `changed(conversationId)` */
  constructor({ environment, notify, changed }) {
    this.#environment = environment;
    this.#notify = notify;
    this.#changed = changed;
  }

  /** Ids of those writing in a conversation now. */
  in(conversationId) {
    return [...(this.#others.get(conversationId)?.keys() ?? [])];
  }

  /** A `typing.changed` event. */
  receive({ stream, user_id: userId, state }) {
    if (state === "off") {
      this.stopped(stream, userId);
      return;
    }
    const writing = this.#others.get(stream) ?? new Map();
    this.#others.set(stream, writing);
    this.#environment.clearTimeout(writing.get(userId));
    const timer = this.#environment.setTimeout(() => this.stopped(stream, userId), LEASE_MS);
    writing.set(userId, timer);
    this.#changed(stream);
  }

  /** Somebody stopped, or sent what they wrote. */
  stopped(conversationId, userId) {
    const writing = this.#others.get(conversationId);
    if (!writing?.has(userId)) return;
    this.#environment.clearTimeout(writing.get(userId));
    writing.delete(userId);
    this.#changed(conversationId);
  }

  /** This user pressed a key, or (`writing` false) stopped. Tells the server as seldom as can be. */
  set(conversationId, writing) {
    const now = this.#environment.now();
    const same = this.#own.conversationId === conversationId;
    if (!writing) {
      if (!same) return;
      if (now < this.#own.until) this.#tell(conversationId, "off");
      this.#own = { conversationId: null, until: 0 };
      return;
    }
    if (same && now < this.#own.until - LEASE_MS + RENEW_MS) return;
    this.#own = { conversationId, until: now + LEASE_MS };
    this.#tell(conversationId, "text");
  }

  clear() {
    for (const [id, writing] of this.#others) {
      for (const timer of writing.values()) this.#environment.clearTimeout(timer);
      writing.clear();
      this.#changed(id);
    }
    this.#own = { conversationId: null, until: 0 };
  }

  #tell(conversationId, state) {
    this.#notify("typing.set", { conversation_id: conversationId, state });
  }
}
