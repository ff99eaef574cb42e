/** Fetches what is shown of a conversation: its newest messages, older ones, its members. */
import { ChatError } from "./errors.js";

const MESSAGES = 50;
const MEMBERS = 100;
const RETRY_MS = 2_000;

export class History {
  #store;
  #request;
  #environment;
  #loading = new Map();

  constructor({ store, request, environment }) {
    this.#store = store;
    this.#request = request;
    this.#environment = environment;
  }

  /** Hold the newest messages and all members. `stillShown()` says whether to try again. */
  async load(id, stillShown) {
    const state = this.#store.conversations.get(id);
    if (!state || this.#loading.get(id) === state) return;
    this.#loading.set(id, state);
    try {
      if (!state.window.loaded) await state.window.load(() => this.#page(id, {}));
      this.#store.emit("messages", id);
      if (!state.roster.complete) await this.#members(state);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      if (!error.passing || error.code === "offline") return; // The next session loads it.
      const again = () => stillShown() && this.load(id, stillShown);
      this.#environment.setTimeout(again, (error.retryAfter ?? 0) * 1000 || RETRY_MS);
    } finally {
      if (this.#loading.get(id) === state) this.#loading.delete(id);
    }
  }

  /** Fetch a page of older messages. Answers whether there may be more. */
  async older(id) {
    const { window } = this.#store.conversations.get(id);
    if (!window.loaded || window.complete) return false;
    await window.load(() => this.#page(id, { before: window.from }));
    this.#store.emit("messages", id);
    return !window.complete;
  }

  /** Fetch back to a message. Answers whether it is there. */
  async backTo(id, { message_id: messageId, seq }) {
    const { window } = this.#store.conversations.get(id);
    while (window.loaded && seq < window.from) {
      if (!(await this.older(id))) break;
    }
    return Boolean(window.get(messageId));
  }

  async #page(id, range) {
    const fields = { conversation_id: id, limit: MESSAGES, ...range };
    const page = await this.#request("messages.list", fields);
    this.#store.putUsers(page.users);
    return page;
  }

  async #members(state) {
    let cursor = null;
    do {
      const page = await this.#request("members.list", {
        conversation_id: state.id,
        limit: MEMBERS,
        ...(cursor && { cursor }),
      });
      this.#store.putUsers(page.users);
      for (const member of page.items) state.roster.put(member);
      cursor = page.next;
    } while (cursor != null);
    state.roster.complete = true;
    this.#store.emit("members", state.id);
    this.#store.emit("messages", state.id);
  }
}
