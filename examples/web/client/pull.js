/**
 * Pulls the streams that are wanted: up to 100 a request, one request at a time, until each is
 * settled. Live events of a stream wait meanwhile, and are judged after.
 */
import { applyEvent } from "./apply.js";
import { ChatError } from "./errors.js";

const STREAMS_A_PULL = 100;
const RETRY_MS = 2_000;

export class Puller {
  #store;
  #request;
  #wants;
  #environment;
  #positions;
  #wanted = new Set();
  #pulling = false;

  /**
   * @param {Map<string, import("./streams.js").Position>} positions shared with the caller
   * @param {object} parts `store`, `request(method, params)`, `environment`, and `wants`, which
   *   besides what {@link applyEvent} asks has `reset(stream)`
   */
  constructor(positions, { store, request, wants, environment }) {
    this.#positions = positions;
    this.#store = store;
    this.#request = request;
    this.#wants = wants;
    this.#environment = environment;
  }

  /** Ask for what changed in a stream since; does nothing for one without a cursor. */
  want(stream) {
    const position = this.#positions.get(stream);
    if (!position || position.cursor === null) return;
    position.settled = false;
    this.#wanted.add(stream);
    this.run();
  }

  clear() {
    this.#wanted.clear();
  }

  /** Pull until nothing is wanted or the connection is gone; what is wanted stays so. */
  async run() {
    if (this.#pulling) return;
    this.#pulling = true;
    try {
      while (this.#wanted.size) await this.#pullSome();
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      if (error.code !== "offline") {
        const wait = error.retryAfter ? error.retryAfter * 1000 : RETRY_MS;
        this.#environment.setTimeout(() => this.run(), wait);
      }
    } finally {
      this.#pulling = false;
    }
  }

  async #pullSome() {
    const batch = [...this.#wanted].slice(0, STREAMS_A_PULL);
    const asked = batch.map((stream) => this.#positions.get(stream)).filter(Boolean);
    for (const stream of batch) this.#wanted.delete(stream);
    if (!asked.length) return;
    let answer;
    try {
      answer = await this.#request("sync.pull", { streams: asked.map((one) => one.request) });
    } catch (error) {
      for (const { stream } of asked) this.#wanted.add(stream);
      throw error;
    }
    this.#take(answer, new Set(asked));
  }

  /** Streams that were dropped or fetched anew while the answer was on its way are left out. */
  #take({ changes, streams, reset, skipped }, asked) {
    const held = (stream) => asked.has(this.#positions.get(stream));
    for (const { method, params } of changes) {
      if (held(params.stream)) applyEvent(this.#store, this.#wants, method, params, false);
    }
    for (const range of skipped ?? []) if (held(range.stream)) this.#skip(range);
    for (const pulled of streams) if (held(pulled.stream)) this.#reached(pulled);
    for (const stream of reset ?? []) if (held(stream)) this.#wants.reset(stream);
  }

  #reached(pulled) {
    const { stream, more, me } = pulled;
    const position = this.#positions.get(stream);
    const before = place(position);
    position.reach(pulled);
    const state = this.#store.conversations.get(stream);
    const stale = state && me && !this.#takeCounts(state, me);
    if (more || stale || this.#wanted.has(stream)) this.#again(stream, before);
    else if (!position.settle(this.#apply)) this.#again(stream, before);
  }

  #apply = (name, params) => applyEvent(this.#store, this.#wants, name, params, true);

  /** Another pull is needed: at once if the last got anywhere, otherwise a little later. */
  #again(stream, before) {
    const position = this.#positions.get(stream);
    if (!position) return;
    if (place(position) !== before) this.#wanted.add(stream);
    else this.#environment.setTimeout(() => this.want(stream), RETRY_MS);
  }

  /** The pull's counts replace the running ones, unless they are of before one's own mark. */
  #takeCounts(state, me) {
    if (me.read_seq < state.me.read_seq) return false;
    state.me = { ...state.me, unread_more: false, ...me };
    this.#store.emit("conversations", state.id);
    return true;
  }

  #skip({ stream, from_seq: from, to_seq: to }) {
    const state = this.#store.conversations.get(stream);
    if (!state) return;
    state.window.forget(from, to);
    state.seenSeq = Math.max(state.seenSeq, to);
    if (to >= (state.lastMessage?.seq ?? 0)) this.#wants.refresh(stream);
    this.#wants.held(stream);
    this.#store.emit("messages", stream);
  }
}

const place = ({ rev, receiptRev }) => `${rev} ${receiptRev}`;
