/** What the client holds: events, pulls, counts. Run all with: node --test test/*.test.js */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { judge } from "../client/streams.js";
import {
  BOB,
  FakeServer,
  ME,
  bodies,
  conversation,
  later,
  me,
  message,
  pulled,
  sent,
  settle,
  shown,
} from "./fakes.js";

describe("the three-way rule", () => {
  test("judges by the revisions an event spans", () => {
    assert.equal(judge(5, 4, 5), "ignore");
    assert.equal(judge(5, 2, 4), "ignore");
    assert.equal(judge(5, 5, 6), "apply");
    assert.equal(judge(5, 3, 6), "apply");
    assert.equal(judge(5, 6, 7), "pull");
  });

  test("applies events in order and ignores doubled ones", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    await server.push(sent(1), sent(1), sent(2), sent(1));
    assert.deepEqual(bodies(client), ["message 1", "message 2"]);
    assert.equal(me(client).unread, 2);
  });

  test("pulls over a gap, and then applies what came meanwhile", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    const [answer, give] = later();
    server.answers["sync.pull"] = answer;
    await server.push(sent(2));
    await server.push(sent(3));
    assert.deepEqual(bodies(client), []);
    assert.equal(server.asked("sync.pull").at(-1).streams[0].rev, 1);
    const changes = [1, 2].map((seq) => ({
      method: "message.updated",
      params: { stream: "c1", rev: seq + 1, message: message(seq) },
    }));
    const counts = { read_seq: 0, unread: 2, unread_mentions: 0 };
    give(pulled([{ stream: "c1", rev: 3, me: counts }], { changes }));
    await settle();
    assert.deepEqual(bodies(client), ["message 1", "message 2", "message 3"]);
    assert.equal(me(client).unread, 3);
  });

  test("goes on pulling while there is more", async () => {
    const server = new FakeServer();
    await shown(server);
    const before = server.asked("sync.pull").length;
    const answers = [{ rev: 2, more: true, cursor: "c1@2" }, { rev: 3 }];
    server.answers["sync.pull"] = () => pulled([{ stream: "c1", ...answers.shift() }]);
    await server.push(sent(2));
    const asked = server.asked("sync.pull").slice(before);
    assert.deepEqual(
      asked.map(({ streams }) => streams[0].cursor),
      ["c1@1", "c1@2"],
    );
  });

  test("moves past an advance without showing anything", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    await server.push(["stream.advanced", { stream: "c1", prev: 1, rev: 2 }], sent(2));
    assert.deepEqual(bodies(client), ["message 2"]);
  });

  test("counts receipts on their own", async () => {
    const server = new FakeServer();
    await shown(server);
    const before = server.asked("sync.pull").length;
    const receipts = [{ user_id: BOB.id, delivered_seq: 0, read_seq: 0 }];
    const moved = (prev, receipt_rev) => [
      "receipts.moved",
      { stream: "c1", prev, receipt_rev, receipts },
    ];
    await server.push(moved(0, 1), moved(0, 1), moved(1, 2));
    assert.equal(server.asked("sync.pull").length, before);
    await server.push(moved(5, 6));
    assert.equal(server.asked("sync.pull").at(-1).streams[0].receipt_rev, 2);
  });

  test("ignores events of a stream that is not held", async () => {
    const server = new FakeServer();
    const client = await server.connected();
    const before = server.requests.length;
    await server.push(["message.sent", { stream: "c9", prev: 1, rev: 2, message: message(1) }]);
    assert.equal(server.requests.length, before);
    assert.equal(client.store.conversations.size, 1);
  });

  test("applies an event with an unknown name by what it carries", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    await server.push(sent(1), sent(1, { rev: 3, body: "polished" }, "message.polished"));
    assert.deepEqual(bodies(client), ["polished"]);
    assert.equal(me(client).unread, 1);
  });
});

describe("fetching", () => {
  test("keeps the events of a conversation that is being fetched, to apply them after", async () => {
    const server = new FakeServer([]);
    const client = await server.connected();
    const [answer, give] = later();
    server.answers["conversations.get"] = answer;
    await server.push(
      ["membership.changed", { stream: "me", prev: 1, rev: 2, conversation_id: "c1", epoch: 1 }],
      sent(1),
    );
    give(conversation("c1"));
    await settle();
    assert.equal(client.store.conversations.get("c1").lastMessage.body, "message 1");
    assert.equal(me(client).unread, 1);
  });

  test("puts what arrived meanwhile over an older page", async () => {
    const server = new FakeServer();
    const client = await server.connected();
    const [answer, give] = later();
    server.answers["messages.list"] = answer;
    client.show("c1");
    await settle();
    await server.push(
      sent(1),
      sent(1, { rev: 3, body: "edited" }, "message.edited"),
      sent(2, { rev: 4 }),
    );
    give({ items: [message(1)], next: null });
    await settle();
    assert.deepEqual(bodies(client), ["edited", "message 2"]);
  });

  test("drops a stream that was reset and fetches it anew", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    await server.push(sent(1));
    server.answers["messages.list"] = () => ({ items: [message(7)], next: null });
    server.answers["sync.pull"] = () => {
      server.answers["sync.pull"] = () => pulled([{ stream: "c1", rev: 8 }]);
      return pulled([], { reset: ["c1"] });
    };
    await server.push(sent(5));
    assert.deepEqual(bodies(client), ["message 7"]);
  });

  test("forgets what was skipped and lists it again when shown", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    await server.push(sent(1));
    server.answers["messages.list"] = () => ({ items: [message(900)], next: 900 });
    const skipped = [{ stream: "c1", from_seq: 1, to_seq: 899 }];
    server.answers["sync.pull"] = () => pulled([{ stream: "c1", rev: 901 }], { skipped });
    await server.push(sent(900));
    assert.deepEqual(bodies(client), ["message 900"]);
    assert.equal(client.store.conversations.get("c1").window.complete, false);
  });

  test("drops a conversation that was left", async () => {
    const server = new FakeServer();
    const client = await server.connected();
    const left = { stream: "me", prev: 1, rev: 2, conversation_id: "c1", epoch: null };
    await server.push(["membership.changed", left]);
    assert.deepEqual(client.store.listConversations(), []);
  });
});

describe("quotes", () => {
  const reply = { reply_to: { message_id: "m1", seq: 1 } };
  const quoted = (client) => client.messages.timeline("c1").messages.at(-1).reply_to.preview;

  test("show the quoted message as it is now", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    await server.push(sent(1), sent(2, reply));
    assert.equal(quoted(client).body, "message 1");
    await server.push(sent(1, { rev: 4, body: "edited" }, "message.edited"));
    assert.equal(quoted(client).body, "edited");
  });

  test("are asked for where the quoted message is not held", async () => {
    const server = new FakeServer();
    server.answers["messages.list"] = () => ({ items: [message(5)], next: 5 });
    const preview = { sender_id: ME.id, kind: "text", body: "long ago" };
    server.answers["messages.get"] = () =>
      message(6, { rev: 2, reply_to: { ...reply.reply_to, preview } });
    const client = await shown(server);
    await server.push(sent(6, { ...reply, rev: 2 }));
    assert.deepEqual(quoted(client), preview);
  });

  test("vanish with a message that was hidden, whose later changes are not shown either", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    await server.push(sent(1), sent(2, reply));
    const hidden = { conversation_id: "c1", message_id: "m1", hidden: true };
    await server.push(["message.hidden", { stream: "me", prev: 1, rev: 2, ...hidden }]);
    assert.equal(quoted(client), null);
    client.store.conversations.get("c1").window.clear();
    server.answers["messages.list"] = () => ({ items: [message(2, reply)], next: null });
    client.show("c1");
    await settle();
    await server.push(sent(1, { rev: 4, body: "edited" }, "message.edited"));
    assert.deepEqual(bodies(client), ["message 2"]);
  });
});

describe("unread", () => {
  test("counts what others say above the read mark, and nothing else", async () => {
    const server = new FakeServer();
    const client = await server.connected();
    await server.push(
      sent(1),
      sent(2, { sender_id: ME.id }),
      sent(3, { kind: "system" }),
      sent(4, { mentions: ["all"] }),
    );
    assert.equal(me(client).unread, 2);
    assert.equal(me(client).unread_mentions, 1);
  });

  test("takes a deleted message out once", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    const gone = { at: "2026-01-01T11:30:00.000Z", by: BOB.id };
    await server.push(
      sent(1),
      sent(2),
      sent(1, { rev: 4, body: undefined, deleted: gone }, "message.deleted"),
      sent(1, { rev: 5, body: undefined, deleted: gone }, "message.updated"),
    );
    assert.equal(me(client).unread, 1);
  });

  test("asks where the deleted message is not held", async () => {
    const server = new FakeServer();
    await server.connected();
    const before = server.asked("sync.pull").length;
    const gone = { at: "2026-01-01T11:30:00.000Z", by: BOB.id };
    await server.push(sent(1), sent(1, { rev: 3, deleted: gone }, "message.deleted"));
    assert.equal(server.asked("sync.pull").length, before + 1);
  });

  test("takes the answer to a read mark when it is of the revision held, otherwise pulls", async () => {
    const server = new FakeServer();
    const client = await shown(server);
    await server.push(sent(1), sent(2));
    const answer = (asOf) => ({
      receipt: { user_id: ME.id, delivered_seq: 2, read_seq: 1 },
      unread: 1,
      unread_mentions: 0,
      as_of_rev: asOf,
    });
    server.answers["receipts.mark"] = () => answer(3);
    client.markRead("c1", 1);
    await server.clock.advance(200);
    assert.equal(me(client).unread, 1);
    const before = server.asked("sync.pull").length;
    server.answers["receipts.mark"] = () => answer(9);
    client.markRead("c1", 2);
    await server.clock.advance(200);
    assert.equal(server.asked("sync.pull").length, before + 1);
  });
});
