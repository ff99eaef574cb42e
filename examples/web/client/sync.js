/**
 * Keeps the store equal to the server: subscribe, then fetch, then apply.
 *
 * A session receives events from the moment it starts. Streams that stand elsewhere than the
 * client are pulled; a stream without a cursor is fetched, and pulled from the cursor of that
 * answer. Nothing is ever replayed.
 */
import { applyEvent } from "./apply.js";
import { ChatError } from "./errors.js";
import { Puller } from "./pull.js";
import { Position } from "./streams.js";

const PAGE = 100;
const RETRY_MS = 2_000;

export class Sync {
  /** Where the next session resumes; null before a first one is complete. */
  since = null;
  /** Whether this session has asked for all that was missed. */
  ready = false;

  #store;
  #request;
  #environment;
  #wants;
  #puller;
  #positions = new Map();
  #session = 0;

  /**
   * @param {object} parts `store`, `request(method, params)`, `environment`, and `wants`:
   *   `arrived`, `sent`, `wrote` and `typing` as {@link applyEvent} asks, and `held(stream)` where
   *   the messages of a conversation have to be fetched if it is on screen
   */
  constructor({ store, request, environment, wants }) {
    this.#store = store;
    this.#request = request;
    this.#environment = environment;
    this.#wants = {
      ...wants,
      pull: (stream) => this.#puller.want(stream),
      fetch: (stream) => this.#fetch(stream),
      refresh: (stream) => this.#refresh(stream),
      quote: (message) => this.#quote(message),
      leave: (stream) => this.#leave(stream),
      reset: (stream) => this.#reset(stream),
    };
    const parts = { store, request, environment, wants: this.#wants };
    this.#puller = new Puller(this.#positions, parts);
  }

  /** Forget everything, as before logging in. */
  clear() {
    this.since = null;
    this.ready = false;
    this.#session += 1;
    this.#positions.clear();
    this.#puller.clear();
  }

  /** A session has started: find out what was missed. `started` has `heads`, `next`, `since`. */
  async start(started) {
    const session = (this.#session += 1);
    this.ready = false;
    try {
      if (this.#positions.has("me")) await this.#resume(started);
      else await this.#begin(started);
      if (session !== this.#session) return;
      this.since = started.since;
      this.ready = true;
      this.#store.emit("connection");
    } catch (error) {
      this.#again(error, () => session === this.#session && this.start(started));
    }
  }

  /** A live event. */
  receive(name, params) {
    if (name === "session.reset") {
      this.#reset(params.stream);
    } else if (params.stream === undefined || params.prev === undefined) {
      applyEvent(this.#store, this.#wants, name, params, true);
    } else {
      const verdict = this.#positions.get(params.stream)?.receive(name, params);
      if (verdict === "apply") applyEvent(this.#store, this.#wants, name, params, true);
      if (verdict === "pull") this.#puller.want(params.stream);
    }
  }

  /** Make sure of a conversation's counts and state. */
  pull(stream) {
    this.#puller.want(stream);
  }

  /** The `rev` reached in a stream, null where it is not held. */
  revOf(stream) {
    return this.#positions.get(stream)?.rev ?? null;
  }

  /** Hold a conversation that the server has just answered with. */
  adopt(conversation) {
    const state = this.#store.putConversation(conversation);
    if (!this.#positions.has(conversation.id)) this.#hold(conversation);
    return state;
  }

  /** The first session, or the first after all was forgotten. */
  async #begin(started) {
    const me = new Position("me");
    me.cursor = started.heads.find(({ stream }) => stream === "me")?.cursor ?? null;
    this.#positions.set("me", me);
    try {
      await this.#pages("blocks.list", (block) => this.#store.putBlock(block));
      await this.#pages("contacts.list", (contact) => this.#store.putContact(contact));
      await this.#pages("conversations.list", (conversation) => this.adopt(conversation));
      this.#puller.want("me");
    } catch (error) {
      this.#positions.clear();
      throw error;
    }
  }

  async #resume(started) {
    let { heads, next } = started;
    for (const [stream, position] of this.#positions) {
      if (!position.settled) this.#puller.want(stream);
    }
    for (;;) {
      for (const head of heads) this.#compare(head);
      if (next == null) return;
      ({ heads, next } = await this.#request("sync.heads", { since: this.since, cursor: next }));
    }
  }

  #compare(head) {
    const position = this.#positions.get(head.stream);
    if (!position) this.#fetch(head.stream);
    else if (position.differs(head)) this.#puller.want(head.stream);
  }

  async #pages(method, take) {
    let cursor = null;
    do {
      const page = await this.#request(method, { limit: PAGE, ...(cursor && { cursor }) });
      this.#store.putUsers(page.users);
      page.items.forEach(take);
      cursor = page.next;
    } while (cursor != null);
  }

  /** Snapshot a conversation that is not held; its events are kept from here on. */
  async #fetch(stream) {
    if (this.#positions.has(stream)) return;
    const position = new Position(stream);
    this.#positions.set(stream, position);
    try {
      const answer = await this.#request("conversations.get", { conversation_id: stream });
      if (this.#positions.get(stream) !== position) return;
      this.#store.putConversation(answer);
      this.#hold(answer);
    } catch (error) {
      if (this.#positions.get(stream) === position) this.#positions.delete(stream);
      if (error.code === "not_found") this.#leave(stream);
      else this.#again(error, () => this.#fetch(stream));
    }
  }

  #hold(conversation) {
    const position = this.#positions.get(conversation.id) ?? new Position(conversation.id);
    position.cursor = conversation.cursor;
    this.#positions.set(conversation.id, position);
    this.#puller.want(conversation.id);
    this.#wants.held(conversation.id);
    this.#wants.arrived(conversation.id, conversation.last_seq);
  }

  /** Renew the summary of a conversation whose stream goes on as it is. */
  async #refresh(stream) {
    try {
      const answer = await this.#request("conversations.get", { conversation_id: stream });
      if (this.#positions.has(stream)) this.#store.putConversation(answer);
    } catch (error) {
      if (error.code === "not_found") this.#leave(stream);
      else this.#again(error, () => this.#refresh(stream));
    }
  }

  /** The personal face of a reply has what it quotes. */
  async #quote({ conversation_id: id, id: messageId }) {
    try {
      const params = { conversation_id: id, message_id: messageId };
      const answer = await this.#request("messages.get", params);
      this.#store.conversations.get(id)?.window.put(answer);
      this.#store.emit("messages", id);
    } catch (error) {
      this.#again(error, () => this.#quote({ conversation_id: id, id: messageId }));
    }
  }

  /** Drop a stream and fetch it as one without a cursor. */
  #reset(stream) {
    if (stream === "me") {
      this.#restart();
      return;
    }
    this.#positions.delete(stream);
    this.#store.conversations.delete(stream);
    this.#fetch(stream);
  }

  async #restart() {
    this.clear();
    this.#store.forgetConversations();
    try {
      await this.start(await this.#request("sync.heads", {}));
    } catch (error) {
      this.#again(error, () => this.#positions.size || this.#restart());
    }
  }

  #leave(stream) {
    this.#positions.delete(stream);
    this.#store.dropConversation(stream);
  }

  /** Offline needs nothing: the next session finds out. What may pass is tried once more later. */
  #again(error, task) {
    if (!(error instanceof ChatError)) throw error;
    if (error.code === "offline" || !error.passing) return;
    const wait = error.retryAfter ? error.retryAfter * 1000 : RETRY_MS;
    this.#environment.setTimeout(task, wait);
  }
}
