/**
 * Where the client stands in each stream, and what may be done with an event: the three-way rule.
 *
 * A position holds the last `cursor` the server gave and the two counters reached since: `rev` of
 * durable events, `receiptRev` of receipts. While a stream is being fetched or pulled it is not
 * *settled*, and its live events are kept, to be judged once it is.
 */

/** @returns {"ignore" | "apply" | "pull"} what to do with an event from `prev` to `next`. */
export function judge(held, prev, next) {
  if (next <= held) return "ignore";
  return prev <= held ? "apply" : "pull";
}

/** An event's counter: receipts have one of their own. */
export function counterOf(name, params) {
  return name === "receipts.moved"
    ? { counter: "receiptRev", next: params.receipt_rev }
    : { counter: "rev", next: params.rev };
}

/** More than this waits for nothing: the pull is asked for again instead. */
const KEPT_MOST = 1_000;

export class Position {
  cursor = null;
  rev = null;
  receiptRev = null;
  settled = false;
  #kept = [];
  #overflowed = false;

  constructor(stream) {
    this.stream = stream;
  }

  /** What `sync.pull` is asked. */
  get request() {
    return {
      stream: this.stream,
      cursor: this.cursor,
      ...(this.rev !== null && { rev: this.rev }),
      ...(this.receiptRev !== null && { receipt_rev: this.receiptRev }),
    };
  }

  /** Whether the server stands elsewhere than this client. */
  differs(head) {
    return head.rev !== this.rev || head.receipt_rev !== this.receiptRev;
  }

  /** Judge a live event and move with it. `keep` means it waits for the pull. */
  receive(name, params) {
    if (!this.settled) {
      this.#keep(name, params);
      return "keep";
    }
    const { counter, next } = counterOf(name, params);
    const verdict = judge(this[counter], params.prev, next);
    if (verdict === "apply") this[counter] = next;
    if (verdict === "pull") {
      this.settled = false;
      this.#keep(name, params);
    }
    return verdict;
  }

  /** Take the position that a pull gave. The counters never go back. */
  reach({ cursor, rev, receipt_rev: receiptRev }) {
    this.cursor = cursor;
    this.rev = Math.max(this.rev ?? 0, rev);
    this.receiptRev = Math.max(this.receiptRev ?? 0, receiptRev);
  }

  /**
   * The pull is done: hand each kept event that now applies to `apply(name, params)`.
   * @returns {boolean} false where there is a gap still, and another pull is needed.
   */
  settle(apply) {
    const kept = this.#kept;
    const overflowed = this.#overflowed;
    this.#kept = [];
    this.#overflowed = false;
    this.settled = !overflowed;
    for (const [name, params] of kept) {
      if (this.receive(name, params) === "apply") apply(name, params);
    }
    return this.settled;
  }

  #keep(name, params) {
    if (this.#kept.length < KEPT_MOST) this.#kept.push([name, params]);
    else this.#overflowed = true;
  }
}
