/**
 * Messages as an application handles them: what to show, and what can be done. Sends go through
 * the outbox; an answer shows at once, and the event of the same change moves the stream.
 */
import { newKey } from "./keys.js";
import { previewOf } from "./message.js";
import { Outbox } from "./outbox.js";

export class Messages {
  #store;
  #request;
  #history;
  #stopTyping;
  #hidden;
  #environment;

  /**
   * @param {object} parts `store`, `request(method, params)`, `environment`, `history`,
   *   `stopTyping(conversationId)`, and `hidden(params)` to be told that a message is hidden
   */
  constructor({ store, request, environment, history, stopTyping, hidden }) {
    this.#store = store;
    this.#request = request;
    this.#history = history;
    this.#stopTyping = stopTyping;
    this.#hidden = hidden;
    this.#environment = environment;
    /** Messages not sent yet; see `outbox.js`. */
    this.outbox = new Outbox({
      environment,
      send: (entry) => this.#deliver(entry),
      changed: (id) => store.emit("messages", id),
    });
  }

  /** Messages by seq, and after them what is not sent yet: `{messages, unsent}`. */
  timeline(conversationId) {
    return {
      messages: this.#store.listMessages(conversationId),
      unsent: this.outbox.list(conversationId),
    };
  }

  /** Fetch a page of older messages. Answers whether there may be more. */
  loadOlder(conversationId) {
    return this.#history.older(conversationId);
  }

  /** Fetch back to a message `{message_id, seq}`. Answers whether it is there. */
  loadBackTo(conversationId, place) {
    return this.#history.backTo(conversationId, place);
  }

  /**
   * Send, now or as soon as there is a connection, exactly once. `uploads` are Attachments,
   * `replyTo` is a message, `threadId` the message whose thread it belongs to, `poll` a question
   * with its options. Answers the outbox entry.
   */
  send(conversationId, { body, uploads = [], replyTo = null, threadId = null, poll = null }) {
    this.#stopTyping(conversationId);
    const ids = uploads.map((one) => one.upload_id);
    const fields = {
      ...(body && { body }),
      ...(uploads.length && { kind: kindOf(uploads), upload_ids: ids }),
      ...(replyTo && { reply_to: replyTo.id }),
      ...(threadId && { thread_id: threadId }),
      ...(poll && { kind: "poll", poll }),
    };
    const shown = {
      attachments: uploads,
      reply_to: replyTo && quoteOf(replyTo),
      ...(threadId && { thread_id: threadId }),
      ...(poll && { poll: unanswered(poll) }),
    };
    return this.outbox.add(conversationId, fields, shown);
  }

  /** Change the body of one's own; refused where it was changed elsewhere meanwhile. */
  edit(message, body) {
    return this.#change("messages.edit", message, { body, version: message.version });
  }

  /** @param {"everyone" | "me"} whom */
  async delete(message, whom) {
    await this.#change("messages.delete", message, { for: whom });
    if (whom === "everyone") return;
    const { conversation_id, id } = message;
    this.#hidden({ conversation_id, message_id: id, hidden: true });
  }

  /** Add one's reaction, or take it back. */
  react(message, key, on) {
    return this.#change(on ? "reactions.add" : "reactions.remove", message, { key });
  }

  /** Choose these options of a poll, by their places, instead of those before. */
  vote(message, options) {
    return this.#change("messages.vote", message, { options });
  }

  /** Keep a message in sight of all, or no longer. */
  pin(message, on) {
    return this.#change(on ? "messages.pin" : "messages.unpin", message, {});
  }

  /** Send a message on to other conversations; answers what came of each. */
  forward({ conversation_id, id }, conversationIds) {
    const key = newKey(this.#environment.now());
    const params = { conversation_id, message_id: id, conversation_ids: conversationIds, key };
    return this.#request("messages.forward", params);
  }

  async #deliver({ key, conversation_id: id, fields }) {
    const answer = await this.#request("messages.send", { conversation_id: id, key, ...fields });
    if (!answer.scheduled) this.#put(answer);
  }

  async #change(method, { conversation_id, id }, fields) {
    this.#put(await this.#request(method, { conversation_id, message_id: id, ...fields }));
  }

  #put({ replayed, ...message }) {
    const state = this.#store.conversations.get(message.conversation_id);
    if (!state) return;
    state.window.put(message);
    state.noteLast(message, { personal: true });
    this.#store.emit("messages", state.id);
    this.#store.emit("conversations", state.id);
  }
}

/** A poll as it looks before anybody has voted. */
const unanswered = (poll) => ({
  ...poll,
  options: poll.options.map((text) => ({ text, count: 0 })),
  voters: 0,
});

const quoteOf = (message) => ({
  message_id: message.id,
  seq: message.seq,
  preview: previewOf(message),
});

/** A message of pictures alone is an image; mixed ones are files. */
function kindOf(uploads) {
  const categories = new Set(uploads.map(({ category }) => category));
  const [only] = categories;
  return categories.size === 1 && only !== "document" ? only : "file";
}
