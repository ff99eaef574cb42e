/** How the client stays connected, and hints. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { waitBefore } from "../client/connection.js";
import { BOB, FakeServer, conversation, head, sent, settle } from "./fakes.js";

describe("the connection", () => {
  test("resumes from the last token and pulls only what moved", async () => {
    const server = new FakeServer([conversation("c1"), conversation("c2")]);
    await server.connected();
    const before = server.asked("sync.pull").length;
    server.conversations[1].rev = 5;
    await server.cut();
    await server.clock.advance(60_000);
    assert.deepEqual(
      server.asked("session.start").map(({ since }) => since),
      [undefined, "since-1"],
    );
    assert.deepEqual(
      server
        .asked("sync.pull")
        .slice(before)
        .map(({ streams }) => streams.map((one) => one.stream)),
      [["c2"]],
    );
  });

  test("pages the rest of the heads", async () => {
    const server = new FakeServer();
    await server.connected();
    const started = server.answers["session.start"];
    server.answers["session.start"] = () => ({ ...started(), heads: [], next: "page-2" });
    server.answers["sync.heads"] = () => ({ heads: [head("c1", 9)], next: null, since: "x" });
    await server.cut();
    await server.clock.advance(60_000);
    assert.deepEqual(server.asked("sync.heads"), [{ since: "since-1", cursor: "page-2" }]);
    assert.equal(server.asked("sync.pull").at(-1).streams[0].stream, "c1");
  });

  test("gives up where the server refuses the session", async () => {
    const server = new FakeServer();
    const client = await server.connected();
    await server.cut(4401);
    assert.equal(client.state, "refused");
    await server.clock.advance(120_000);
    assert.equal(server.asked("session.start").length, 1);
  });

  test("waits longer each time, by a random share, and never beyond half a minute", () => {
    assert.equal(waitBefore(0, 0), 100);
    assert.equal(waitBefore(0, 0.5), 350);
    assert.equal(waitBefore(3, 0.5), 2_100);
    assert.ok(waitBefore(40, 0.999) <= 30_100);
  });

  test("writes the requests of one turn as one frame", async () => {
    const server = new FakeServer();
    const client = await server.connected();
    const before = server.frames.length;
    await Promise.all([client.request("session.ping"), client.request("session.ping")]);
    assert.equal(server.frames.length, before + 1);
    assert.equal(server.frames.at(-1).split("\n").length, 2);
  });
});

describe("typing", () => {
  test("ends by itself after six seconds, and with the message", async () => {
    const server = new FakeServer();
    const client = await server.connected();
    const writing = ["typing.changed", { stream: "c1", user_id: BOB.id, state: "text" }];
    await server.push(writing);
    assert.deepEqual(client.typingIn("c1"), [BOB.id]);
    await server.clock.advance(6_100);
    assert.deepEqual(client.typingIn("c1"), []);
    await server.push(writing, sent(1));
    assert.deepEqual(client.typingIn("c1"), []);
  });

  test("is told to the server at most every three seconds", async () => {
    const server = new FakeServer();
    const client = await server.connected();
    for (let second = 0; second < 7; second += 1) {
      client.setTyping("c1", true);
      await server.clock.advance(1_000);
    }
    client.setTyping("c1", false);
    await settle();
    assert.deepEqual(
      server.asked("typing.set").map(({ state }) => state),
      ["text", "text", "text", "off"],
    );
  });
});
