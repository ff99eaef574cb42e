/** What the client says: messages, receipts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { newKey } from "../client/keys.js";
import { Roster } from "../client/roster.js";
import {
  FakeServer,
  ME,
  bodies,
  later,
  me,
  member,
  message,
  problem,
  sent,
  settle,
  shown,
} from "./fakes.js";

describe("receipts", () => {
  test("acknowledges the delivery of a burst with one mark", async () => {
    const server = new FakeServer();
    await server.connected();
    await server.push(sent(1), sent(2), sent(3));
    await server.clock.advance(500);
    assert.deepEqual(server.asked("receipts.mark"), [{ conversation_id: "c1", delivered_seq: 3 }]);
  });

  test("show a group's least status, over those who were there and have not left", () => {
    const roster = new Roster();
    roster.complete = true;
    const own = message(5, { sender_id: ME.id });
    roster.put(member(ME.id, { read_seq: 0 }));
    roster.put(member("u_reader", { read_seq: 9, delivered_seq: 9 }));
    assert.equal(roster.status(own), "read");
    roster.put(member("u_slow", { delivered_seq: 5 }));
    assert.equal(roster.status(own), "delivered");
    roster.put(member("u_late", { joined_seq: 5 }));
    assert.equal(roster.status(own), "delivered");
    roster.put(member("u_asleep"));
    assert.equal(roster.status(own), "sent");
    roster.put(member("u_asleep", { left_at: "2026-01-01T11:30:00.000Z", rev: 2 }));
    assert.equal(roster.status(own), "delivered");
    roster.mark({ user_id: "u_slow", delivered_seq: 3, read_seq: 2 });
    assert.equal(roster.status(own), "delivered");
  });
});

describe("drafts", () => {
  const saved = (server) =>
    server.asked("conversations.personalize").map(({ draft }) => draft);
  const answering = (server) => {
    server.answers["conversations.personalize"] = ({ conversation_id: id, draft }) => {
      const found = server.conversations.find((one) => one.id === id);
      return { ...found, me: { ...found.me, ...(draft && { draft }) } };
    };
  };

  test("are saved a moment after the last key, the newest only", async () => {
    const server = new FakeServer();
    answering(server);
    const client = await shown(server);
    client.drafts.set("c1", "hel");
    client.drafts.set("c1", "hello");
    await server.clock.advance(1_000);
    assert.deepEqual(saved(server), ["hello"]);
    assert.equal(client.drafts.get("c1"), "hello");
    client.drafts.set("c1", "");
    await server.clock.advance(1_000);
    assert.deepEqual(saved(server), ["hello", null]);
  });

  test("that the connection swallowed are saved in the next session", async () => {
    const server = new FakeServer();
    answering(server);
    const client = await shown(server);
    await server.cut();
    client.drafts.set("c1", "offline");
    await server.clock.advance(60_000);
    assert.deepEqual(saved(server), ["offline"]);
    assert.equal(client.drafts.waits("c1"), false);
  });
});

describe("sending", () => {
  const keys = (server) => server.asked("messages.send").map(({ key }) => key);

  test("shows a message at once and replaces it by the server's", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    const [answer, give] = later();
    server.answers["messages.send"] = answer;
    const { key } = client.messages.send("c1", { body: "hello" });
    assert.deepEqual(
      client.messages.timeline("c1").unsent.map(({ state }) => state),
      ["pending"],
    );
    await settle();
    const made = message(1, { sender_id: ME.id, key, body: "hello" });
    give(made);
    await settle();
    await server.push(["message.sent", { stream: "c1", prev: 1, rev: 2, message: made }]);
    assert.deepEqual(bodies(client), ["hello"]);
    assert.deepEqual(client.messages.timeline("c1").unsent, []);
    assert.equal(me(client).unread, 0);
  });

  test("sends what was written offline once, in order, after the reconnect", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    server.reachable = false;
    await server.cut();
    client.messages.send("c1", { body: "one" });
    client.messages.send("c1", { body: "two" });
    await settle();
    assert.deepEqual(server.asked("messages.send"), []);
    server.reachable = true;
    await server.clock.advance(60_000);
    assert.deepEqual(
      server.asked("messages.send").map(({ body }) => body),
      ["one", "two"],
    );
    assert.deepEqual(client.messages.timeline("c1").unsent, []);
  });

  test("repeats a send whose answer was lost under the same key", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    const answer = server.answers["messages.send"];
    server.answers["messages.send"] = () => new Promise(() => {});
    client.messages.send("c1", { body: "hello" });
    await settle();
    await server.cut();
    server.answers["messages.send"] = answer;
    await server.clock.advance(60_000);
    assert.equal(keys(server).length, 2);
    assert.equal(new Set(keys(server)).size, 1);
  });

  test("takes up what another page of the same user left unsent", async () => {
    const server = new FakeServer();
    const first = await shown(server);
    first.suspend();
    first.messages.send("c1", { body: "left behind" });
    first.close();
    await shown(server);
    assert.deepEqual(
      server.asked("messages.send").map(({ body }) => body),
      ["left behind"],
    );
    assert.equal(server.storage.length, 0);
  });

  test("waits as long as the server says and tries the same again", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    const answer = server.answers["messages.send"];
    server.answers["messages.send"] = () => problem("rate_limited", { retry_after: 4 });
    client.messages.send("c1", { body: "hello" });
    await settle();
    server.answers["messages.send"] = answer;
    await server.clock.advance(3_900);
    assert.equal(keys(server).length, 1);
    await server.clock.advance(200);
    assert.equal(keys(server).length, 2);
    assert.deepEqual(client.messages.timeline("c1").unsent, []);
  });

  test("keeps a refused message with its reason, and sends it again on request", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    const answer = server.answers["messages.send"];
    server.answers["messages.send"] = () => problem("forbidden", { detail: "Only admins may." });
    const { key } = client.messages.send("c1", { body: "hello" });
    await settle();
    const [failed] = client.messages.timeline("c1").unsent;
    assert.equal(failed.state, "failed");
    assert.equal(failed.error.message, "Only admins may.");
    server.answers["messages.send"] = answer;
    client.messages.outbox.retry(key);
    await settle();
    assert.deepEqual(client.messages.timeline("c1").unsent, []);
    assert.deepEqual(keys(server), [key, key]);
  });

  test("makes keys that sort by time and never repeat", () => {
    const made = [1, 2, 2, 3, 1_000].map((now) => newKey(now));
    assert.ok(made.every((key) => /^[0-9a-z]{26}$/.test(key)));
    assert.deepEqual(
      made.map((key) => key.slice(0, 10)),
      [...made].sort().map((key) => key.slice(0, 10)),
    );
    assert.equal(new Set(made).size, made.length);
  });
});
