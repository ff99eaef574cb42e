/**
 * A client for chatcore: the reusable half of this example. Plain ES modules, no dependency, no
 * DOM; runs in browsers and, given a WebSocket, in Node 20 and later.
 *
 *     const client = new ChatClient({ base: new URL("v1/", location) });
 *     client.subscribe((topic, id) => draw(topic, id));
 *     const { session } = await client.login("ada", "correct horse");
 *     client.connect(session.token);
 *     …
 *     client.messages.send(conversationId, { body: "Hello" });
 *
 * The state is in `client.store`, always as new as the last notification; what is shown of a
 * conversation comes from `client.messages.timeline(id)`. Topics of notifications are listed in
 * `client/store.js`. Methods that ask the server reject with a ChatError.
 */
import { Cards } from "./client/cards.js";
import { Connection } from "./client/connection.js";
import { environment as surroundings } from "./client/environment.js";
import { Drafts } from "./client/drafts.js";
import { ChatError } from "./client/errors.js";
import { Expiry } from "./client/expiry.js";
import { History } from "./client/history.js";
import { HttpApi } from "./client/http.js";
import { Marks } from "./client/marks.js";
import { Messages } from "./client/messages.js";
import { Observer } from "./client/observer.js";
import { PresenceWatch } from "./client/presence.js";
import { Store } from "./client/store.js";
import { Sync } from "./client/sync.js";
import { Typing } from "./client/typing.js";

export { ChatError };

const PEOPLE_A_PAGE = 50;
const HELD_AFTER_LEAVING = 200;

export class ChatClient {
  #connection;
  #environment;
  #observer = new Observer();
  #sync;
  #marks;
  #history;
  #typing;
  #shown = null;
  #inactive = false;
  #presence;
  #cards;

  /**
   * @param {{base: URL | string, environment?: object}} options `base` is where the API is
   *   mounted, ending in `/v1/`; see `client/environment.js` for what may be replaced.
   */
  constructor({ base, environment = {} }) {
    this.#environment = surroundings(environment);
    const url = new URL(base);
    this.http = new HttpApi(url, this.#environment);
    this.store = new Store(this.#observer, this.#environment);
    this.#connect(url);
    this.#compose();
  }

  // --- The session -----------------------------------------------------------------------------

  /** `idle`, `connecting`, `online`, `waiting` (to try again) or `refused` (log in again). */
  get state() {
    return this.#connection.state;
  }

  /** Whether the client has a session and has asked for all that it missed. */
  get upToDate() {
    return this.#connection.online && this.#sync.ready;
  }

  /** Hear of changes: `listener(topic, id)`. Returns a function that ends it. */
  subscribe(listener) {
    return this.#observer.subscribe(listener);
  }

  /** Open an account. Answers `{user, session}`; `session.token` is for {@link connect}. */
  register({ username, password, displayName }) {
    const name = displayName ? { display_name: displayName } : {};
    return this.http.call("POST", "register", { username, password, ...name });
  }

  /** Answers `{user, session}`. */
  login(login, password) {
    return this.http.call("POST", "login", { login, password });
  }

  /** Start, and stay connected until {@link close}. */
  connect(token) {
    this.http.token = token;
    this.#connection.start(token);
  }

  /** End the session on the server, and forget everything. */
  async logout() {
    try {
      await this.http.call("POST", "logout");
    } catch (error) {
      if (!(error instanceof ChatError)) throw error; // Gone already, or out of reach.
    }
    this.close();
  }

  /** Disconnect and forget everything but the unsent messages. */
  close() {
    this.#connection.stop();
    this.http.token = null;
    this.#sync.clear();
    this.#marks.clear();
    this.drafts.clear();
    this.#typing.clear();
    this.messages.outbox.close();
    this.#shown = null;
    this.#presence.clear();
    this.#cards.clear();
    this.store.clear();
  }

  /** The network is gone (a browser's `offline` event). */
  suspend() {
    this.#connection.suspend();
  }

  /** Try to connect now (a browser's `online` event, or a person who is tired of waiting). */
  retryConnection() {
    this.#connection.retry();
  }

  /** Any operation of the protocol. */
  request(method, params = {}) {
    return this.#connection.request(method, params);
  }

  // --- What is on screen -------------------------------------------------------------------------

  /** A conversation is on screen (null: none): hold its messages and members. */
  show(conversationId) {
    if (this.#shown !== conversationId) {
      this.store.conversations.get(this.#shown)?.window.trim(HELD_AFTER_LEAVING);
      this.#shown = conversationId;
      this.#focus();
    }
    this.#load();
  }

  /** The person has seen everything up to `seq`. */
  markRead(conversationId, seq) {
    this.#marks.read(conversationId, seq);
  }

  /** The window is in the background: the server may hold back what is only for show. */
  setInactive(inactive) {
    if (this.#inactive === inactive) return;
    this.#inactive = inactive;
    this.#connection.notify("session.inactive", { inactive });
  }

  /** Be told of the presence of these users, and of no others. */
  watchPresence(userIds) {
    return this.#presence.set(userIds);
  }

  /** This user is writing (or stopped). */
  setTyping(conversationId, writing) {
    this.#typing.set(conversationId, writing);
  }

  /** Ids of those writing in a conversation now. */
  typingIn(conversationId) {
    return this.#typing.in(conversationId);
  }

  // --- Conversations and people -------------------------------------------------------------------

  /** Open a direct conversation or make a group; answers its state. */
  async createConversation(fields) {
    return this.#sync.adopt(await this.request("conversations.create", fields));
  }

  /** Change a group's title, description or settings. */
  async updateConversation(conversationId, fields) {
    const params = { conversation_id: conversationId, ...fields };
    this.store.putConversation(await this.request("conversations.update", params));
  }

  /**
   * Change what this user alone sees of a conversation: `pinned`, `archived`, `muted_until`,
   * `marked_unread`, `labels`, `draft`.
   */
  async personalize(conversationId, fields) {
    const params = { conversation_id: conversationId, ...fields };
    this.#sync.adopt(await this.request("conversations.personalize", params));
  }

  /** Remove all messages up to now from this user's view. */
  async clearConversation(conversationId) {
    const seq = this.store.conversations.get(conversationId).seenSeq;
    const params = { conversation_id: conversationId, up_to_seq: seq };
    this.#sync.adopt(await this.request("conversations.clear", params));
  }

  /** Join a group by an invite link's code, or a public one by its id; answers its state. */
  async join({ code, conversationId }) {
    const answer = code
      ? await this.request("invites.redeem", { code })
      : await this.request("conversations.join", { conversation_id: conversationId });
    return this.#sync.adopt(answer);
  }

  /** The card of a user; where it is not known, asks for it once and answers null meanwhile. */
  user(id) {
    return this.#cards.get(id);
  }

  /** People whose name begins like `text`, or all; answers a page and keeps their cards. */
  async findUsers(text, cursor = null) {
    const more = cursor ? { cursor } : {};
    const page = text
      ? await this.request("users.search", { q: text, ...more })
      : await this.request("users.list", { limit: PEOPLE_A_PAGE, ...more });
    this.store.putUsers(page.items);
    return page;
  }

  /** Ask somebody to become a contact. */
  async requestContact(userId) {
    this.store.putContact(await this.request("contacts.request", { user_id: userId }));
  }

  /** Accept or refuse who asked. */
  async respondContact(userId, accept) {
    this.store.putContact(await this.request("contacts.respond", { user_id: userId, accept }));
  }

  /** End it, or take one's own request back. */
  async removeContact(userId) {
    await this.request("contacts.remove", { user_id: userId });
    this.store.putContact({ user_id: userId, state: "removed" });
  }

  async setBlocked(userId, blocked) {
    const method = blocked ? "blocks.add" : "blocks.remove";
    await this.request(method, { user_id: userId });
    this.store.putBlock({ user_id: userId, blocked });
  }

  // --- Inside --------------------------------------------------------------------------------------

  #connect(base) {
    const url = new URL("realtime", base);
    url.protocol = url.protocol.replace("http", "ws");
    this.#connection = new Connection({
      url: url.href,
      environment: this.#environment,
      since: () => this.#sync.since,
      onStarted: (started) => this.#started(started),
      onEvent: (name, params) => this.#sync.receive(name, params),
      onState: (state) => this.#stateChanged(state),
    });
  }

  #compose() {
    const environment = this.#environment;
    const request = (method, params) => this.request(method, params);
    const parts = { environment, store: this.store, request };
    this.#sync = new Sync({ ...parts, wants: this.#wants() });
    this.#history = new History(parts);
    this.#presence = new PresenceWatch(parts);
    this.#cards = new Cards(parts);
    this.#marks = new Marks({ ...parts, sync: this.#sync });
    /** What is being written where: `get(id)`, `set(id, text)`; see `client/drafts.js`. */
    this.drafts = new Drafts({
      ...parts,
      save: (id, text) => this.personalize(id, { draft: text || null }),
    });
    this.#typing = new Typing({
      environment,
      notify: (method, params) => this.#connection.notify(method, params),
      changed: (id) => this.store.emit("typing", id),
    });
    /** Sending, changing and listing messages; see `client/messages.js`. */
    this.messages = new Messages({
      ...parts,
      history: this.#history,
      stopTyping: (id) => this.#typing.set(id, false),
      hidden: (params) => this.#sync.receive("message.hidden", params),
    });
    const expiry = new Expiry(this.store, environment);
    this.subscribe((topic, id) => topic === "messages" && expiry.plan(id));
  }

  #wants() {
    return {
      arrived: (id, seq) => this.#marks.delivered(id, seq),
      sent: (id, key) => this.messages.outbox.discard(key),
      wrote: (id, userId) => this.#typing.stopped(id, userId),
      typing: (params) => this.#typing.receive(params),
      held: (id) => id === this.#shown && this.#load(),
    };
  }

  #started(started) {
    this.store.limits = started.limits ?? {};
    this.store.putMe(started.user);
    this.messages.outbox.open(started.user.id);
    this.#sync.start(started);
    this.#focus();
    if (this.#inactive) this.#connection.notify("session.inactive", { inactive: true });
    this.#presence.renew();
    this.messages.outbox.flush();
    this.#marks.flush();
    this.drafts.flush();
    this.#load();
  }

  #stateChanged(state) {
    if (state === "waiting") {
      this.#typing.clear();
      this.store.forgetPresence(); // Nobody tells any more.
    }
    this.#cards.clear();
    this.store.emit("connection");
  }

  #focus() {
    const ids = this.#shown ? [this.#shown] : [];
    this.#connection.notify("session.focus", { conversation_ids: ids });
  }

  #load() {
    const id = this.#shown;
    if (id) this.#history.load(id, () => id === this.#shown);
  }
}
