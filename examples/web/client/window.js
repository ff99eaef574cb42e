/**
 * The messages of one conversation that the client holds: all from `from` to the newest.
 *
 * Changes that arrive while a page is on its way are kept, and put over the page when it comes:
 * the page may be the older of the two.
 */
import { expired, mergeMessage, previewOf } from "./message.js";

export class MessageWindow {
  /** The lowest seq held; null while no page was fetched. */
  from = null;
  /** Whether there is nothing before `from`. */
  complete = false;

  #messages = new Map();
  #sorted = null;
  #loading = 0;
  #kept = [];
  #generation = 0;
  #userId;

  constructor(userId) {
    this.#userId = userId;
  }

  get loaded() {
    return this.from !== null;
  }

  get(id) {
    return this.#messages.get(id);
  }

  /** Every message held, by rising seq, hidden and expired ones left out. */
  list(now) {
    this.#sorted ??= [...this.#messages.values()].sort((a, b) => a.seq - b.seq);
    return this.#sorted.filter((message) => !message.hidden && !expired(message, now));
  }

  /**
   * Put a message in its place. Returns its state before and after; both may be undefined.
   * A change (`fresh` false) of a message that the pages left out is of one that is hidden.
   */
  put(message, context = { personal: true }) {
    if (this.#loading) this.#kept.push([message, context]);
    return this.#place(message, context);
  }

  /** Change some fields of a held message, whatever its rev. */
  patch(id, fields) {
    const held = this.#messages.get(id);
    if (held) this.#set({ ...held, ...fields });
    return held;
  }

  /** A message is out of sight: replies quote it no longer. */
  unquote(id) {
    this.#quote(id, null);
  }

  /**
   * Fetch a page and put it in. `fetch()` answers a page of `messages.list`.
   * @param {() => Promise<{items: object[], next: number | null}>} fetch
   */
  async load(fetch) {
    const generation = this.#generation;
    this.#loading += 1;
    try {
      const page = await fetch();
      if (generation !== this.#generation) return page; // What it would join is gone.
      this.complete = page.next == null;
      const first = page.items[0]?.seq ?? this.from ?? 0;
      this.from = Math.min(this.from ?? first, first);
      for (const message of page.items) this.#place(message, { personal: true });
      for (const [message, context] of this.#kept) this.#place(message, context);
      return page;
    } finally {
      this.#loading -= 1;
      if (!this.#loading) this.#kept = [];
    }
  }

  /** Messages up to and including `seq` are gone for this viewer. */
  raiseFloor(seq) {
    if (!this.loaded || seq < this.from) return;
    this.from = seq + 1;
    this.complete = true;
    this.#dropBefore(this.from);
  }

  /** These changed and their new state is not known: hold only what comes after. */
  forget(fromSeq, toSeq) {
    const last = this.#last();
    if (!this.loaded || toSeq < this.from) return;
    if (toSeq >= last) this.clear();
    else this.#shrink(toSeq + 1);
  }

  /** Hold no more than about `count` messages; older ones can be fetched again. */
  trim(count) {
    const seqs = [...this.#messages.values()].map(({ seq }) => seq).sort((a, b) => b - a);
    if (seqs.length > count) this.#shrink(seqs[count - 1]);
  }

  clear() {
    this.#generation += 1;
    this.#messages.clear();
    this.#sorted = null;
    this.from = null;
    this.complete = false;
  }

  #place(message, context) {
    const before = this.#messages.get(message.id);
    const unseen = !before && context.fresh === false;
    if (!this.loaded || message.seq < this.from || unseen) {
      if (!unseen) this.#requote(message);
      return { before, after: before };
    }
    const merged = mergeMessage(before, message, { userId: this.#userId, ...context });
    const after = merged === before ? before : this.#quoted(merged);
    if (after !== before) this.#set(after);
    return { before, after };
  }

  #last() {
    let last = 0;
    for (const { seq } of this.#messages.values()) last = Math.max(last, seq);
    return last;
  }

  #shrink(from) {
    this.#generation += 1;
    this.from = from;
    this.complete = false;
    this.#dropBefore(from);
  }

  #dropBefore(from) {
    for (const message of [...this.#messages.values()]) {
      if (message.seq < from) this.#messages.delete(message.id);
    }
    this.#sorted = null;
  }

  #set(message) {
    this.#messages.set(message.id, message);
    this.#sorted = null;
    this.#requote(message);
  }

  /** A reply that came without its quote, where the quoted message is held. */
  #quoted(message) {
    const target = this.#messages.get(message.reply_to?.message_id);
    if (!target || target.hidden || message.reply_to.preview) return message;
    return { ...message, reply_to: { ...message.reply_to, preview: previewOf(target) } };
  }

  /** Replies quote a message as it is now, held or not. */
  #requote(message) {
    if (message.hidden) this.unquote(message.id);
    else this.#quote(message.id, previewOf(message));
  }

  #quote(id, preview) {
    for (const held of this.#messages.values()) {
      if (held.reply_to?.message_id !== id || !held.reply_to.preview) continue;
      const reply = { ...held.reply_to, preview };
      this.#messages.set(held.id, { ...held, reply_to: reply });
      this.#sorted = null;
    }
  }
}
