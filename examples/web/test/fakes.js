/** A clock that stands until it is moved, and a server of one line each that tests rewrite. */
import { MemoryStorage } from "../client/environment.js";
import { ChatClient } from "../chatcore-client.js";

export const ME = { id: "u_me", username: "me", display_name: "Me", version: 1 };
export const BOB = { id: "u_bob", username: "bob", display_name: "Bob", version: 1 };
const START = Date.parse("2026-01-01T12:00:00.000Z");

/** Let everything that only waits for promises happen. */
export async function settle() {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((done) => setImmediate(done));
}

export class FakeClock {
  #now = START;
  #timers = new Map();
  #nextId = 1;

  now = () => this.#now;

  setTimeout = (task, ms) => {
    const id = this.#nextId++;
    this.#timers.set(id, { task, at: this.#now + ms });
    return id;
  };

  clearTimeout = (id) => this.#timers.delete(id);

  /** Move on, running what falls due in its order. */
  async advance(ms) {
    const end = this.#now + ms;
    for (let next; (next = this.#due(end));) {
      const [id, { task, at }] = next;
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, at);
      task();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  #due(end) {
    const due = [...this.#timers].filter(([, { at }]) => at <= end);
    return due.sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
  }
}

class FakeSocket {
  protocol = "chatcore.v1";

  constructor(server) {
    this.server = server;
    queueMicrotask(() => (server.reachable ? this.onopen() : this.onclose({ code: 1006 })));
  }

  send(frame) {
    this.server.frames.push(frame);
    for (const line of frame.split("\n")) this.server.receive(this, JSON.parse(line));
  }

  close() {}

  deliver(...messages) {
    this.onmessage({ data: messages.map((one) => JSON.stringify(one)).join("\n") });
  }
}

/** Answers each method with what `answers[method](params)` returns or throws. */
export class FakeServer {
  clock = new FakeClock();
  storage = new MemoryStorage();
  frames = [];
  requests = [];
  reachable = true;
  socket = null;
  answers = {
    "session.start": () => ({
      session_id: "s1",
      user: ME,
      heads: [head("me", 1), ...this.conversations.map(({ id, rev }) => head(id, rev))],
      next: null,
      since: `since-${this.requests.filter(([name]) => name === "session.start").length}`,
      limits: {},
    }),
    "blocks.list": () => ({ items: [], next: null }),
    "contacts.list": () => ({ items: [], next: null }),
    "conversations.list": () => ({ items: this.conversations, next: null, users: [BOB] }),
    "conversations.get": ({ conversation_id: id }) =>
      this.conversations.find((one) => one.id === id) ?? problem("not_found"),
    "members.list": () => ({ items: [member(ME.id), member(BOB.id)], next: null, users: [] }),
    "messages.list": () => ({ items: [], next: null, cursor: "page" }),
    "messages.send": (params) => message(1, { sender_id: ME.id, rev: 2, ...params }),
    "sync.pull": ({ streams }) => pulled(streams.map(({ stream }) => ({ stream }))),
    "presence.watch": () => ({ items: [], next: null }),
    "receipts.mark": ({ delivered_seq: delivered = 0, read_seq: read = 0 }) => ({
      receipt: { user_id: ME.id, delivered_seq: Math.max(delivered, read), read_seq: read },
      unread: 0,
      unread_mentions: 0,
      as_of_rev: 1,
    }),
    "session.ping": () => ({}),
  };

  constructor(conversations = [conversation("c1")]) {
    this.conversations = conversations;
  }

  /** A client of this server; several may share its storage. */
  client() {
    const { clock, storage } = this;
    const socket = () => (this.socket = new FakeSocket(this));
    return new ChatClient({
      base: "http://chat.test/v1/",
      environment: { ...clock, storage, socket, random: () => 0.5 },
    });
  }

  async connected() {
    const client = this.client();
    client.connect("token");
    await settle();
    return client;
  }

  /** What was asked by this name, in order. */
  asked(name) {
    return this.requests.filter(([method]) => method === name).map(([, params]) => params);
  }

  /** Send live events, together. */
  async push(...events) {
    this.socket.deliver(...events.map(([method, params]) => ({ jsonrpc: "2.0", method, params })));
    await settle();
  }

  /** Break the connection. */
  async cut(code = 1006) {
    this.socket.onclose({ code });
    await settle();
  }

  async receive(socket, { id, method, params }) {
    this.requests.push([method, params]);
    if (id === undefined) return;
    let answer;
    try {
      answer = { result: await this.answers[method](params) };
    } catch (error) {
      if (!error.code) throw error;
      answer = { error: { code: -1, message: error.code, data: error } };
    }
    if (socket === this.socket) socket.deliver({ jsonrpc: "2.0", id, ...answer });
  }
}

/** Refuse, from within an answer. */
export function problem(code, more = {}) {
  throw { code, ...more };
}

/** An answer that the test gives when it likes: `[answer, give]`. */
export function later() {
  let give;
  const promise = new Promise((resolve) => (give = resolve));
  return [() => promise, give];
}

export const head = (stream, rev, receiptRev = 0) => ({
  stream,
  cursor: `${stream}@${rev}`,
  rev,
  receipt_rev: receiptRev,
});

export const conversation = (id, more = {}) => ({
  id,
  kind: "direct",
  created_at: "2026-01-01T10:00:00.000Z",
  rev: 1,
  last_seq: 0,
  member_count: 2,
  settings: {},
  peer_id: BOB.id,
  cursor: `${id}@1`,
  me: {
    role: "member",
    joined_seq: 0,
    delivered_seq: 0,
    read_seq: 0,
    unread: 0,
    unread_mentions: 0,
  },
  ...more,
});

export const member = (userId, more = {}) => ({
  conversation_id: "c1",
  user_id: userId,
  role: "member",
  joined_seq: 0,
  delivered_seq: 0,
  read_seq: 0,
  rev: 1,
  ...more,
});

/** A message of Bob's whose rev is one above its seq. */
export const message = (seq, more = {}) => ({
  id: `m${seq}`,
  conversation_id: "c1",
  seq,
  rev: seq + 1,
  sender_id: BOB.id,
  kind: "text",
  body: `message ${seq}`,
  created_at: "2026-01-01T11:00:00.000Z",
  version: 1,
  ...more,
});

/** The live event of a message, from the revision before it. */
export const sent = (seq, more = {}, name = "message.sent") => {
  const carried = message(seq, more);
  return [name, { stream: "c1", prev: carried.rev - 1, rev: carried.rev, message: carried }];
};

/** An answer of `sync.pull`; streams default to revision 1, nothing more. */
export const pulled = (streams, { changes = [], reset = [], skipped = [] } = {}) => ({
  changes,
  streams: streams.map((one) => ({ ...head(one.stream, 1), more: false, ...one })),
  reset,
  skipped,
});

/** The bodies of the messages shown in `c1`. */
export const bodies = (client) => client.messages.timeline("c1").messages.map(({ body }) => body);

/** One's own view of `c1`. */
export const me = (client) => client.store.conversations.get("c1").me;

/** A client that is connected and shows `c1`. */
export async function shown(server) {
  const client = await server.connected();
  client.show("c1");
  await settle();
  return client;
}
