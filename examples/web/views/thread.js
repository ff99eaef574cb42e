/** One thread: its first message, the replies, and where to write another. */
import { fill, h } from "./dom.js";
import { messageRow } from "./message.js";
import { attempt, dialog } from "./overlay.js";
import { client } from "./session.js";

/** The dialog of the thread of `root`; `actions` are those of its rows. */
export function openThread(root, actions) {
  const id = root.conversation_id;
  const replies = new Map();
  const list = h("div", { class: "thread-list", testid: "thread", role: "log" });
  const text = h("input", {
    type: "text",
    placeholder: "Reply in this thread",
    "aria-label": "Reply in this thread",
    testid: "thread-composer",
    autocomplete: "off",
  });
  const send = (event) => {
    event.preventDefault();
    const body = text.value.trim();
    if (!body) return;
    text.value = "";
    client.messages.send(id, { body, threadId: root.id });
  };

  const statusOf = (message) => client.store.conversations.get(id)?.statusOf(message) ?? "sent";

  /** What the server said, and above it what has come since. */
  function draw() {
    const { messages, unsent } = client.messages.timeline(id);
    const held = messages.find((one) => one.id === root.id) ?? root;
    for (const one of messages) if (one.thread_id === root.id) replies.set(one.id, one);
    const shown = [...replies.values()].sort((a, b) => a.seq - b.seq);
    const waiting = unsent.filter(({ fields }) => fields.thread_id === root.id);
    fill(
      list,
      [held, ...shown, ...waiting.map(waitingOf)].map((message) => {
        const own = message.sender_id === client.store.userId;
        const row = messageRow({ ...actions, inThread: true });
        const status = own ? (message.state ?? statusOf(message)) : null;
        row.update({ message, own, first: true, last: true, named: !own, status });
        return row.element;
      }),
    );
    list.scrollTop = list.scrollHeight;
  }

  const waitingOf = ({ key, fields, shown, created_at, state, error }) => ({
    ...{ key, conversation_id: id, sender_id: client.store.userId, kind: "text" },
    ...{ body: fields.body, ...shown, created_at, state, error },
  });

  const stop = client.subscribe((topic, where) => topic === "messages" && where === id && draw());
  dialog(
    "Thread",
    () => [
      list,
      h(
        "form",
        { class: "thread-form", onsubmit: send },
        text,
        h("button", { type: "submit", class: "button primary", testid: "thread-send" }, "Send"),
      ),
    ],
    { testid: "thread-dialog", wide: true },
  );
  document.body.lastElementChild.addEventListener("close", stop);
  draw();
  text.focus();
  attempt(async () => {
    const params = { conversation_id: id, thread_id: root.id, limit: 100 };
    const { items } = await client.request("messages.list", params);
    for (const one of items) if (one.id !== root.id) replies.set(one.id, one);
    draw();
  });
}
