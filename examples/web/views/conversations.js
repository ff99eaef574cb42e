/** The list of conversations: last active first, with a preview, its time and what is unread. */
import { avatar } from "./avatar.js";
import { arrowKeys, fill, h, reconcile, setAttribute, setText } from "./dom.js";
import { listNames, shortTime, summary } from "./format.js";
import { ticks } from "./ticks.js";
import { client, faceOf, nameOf, titleOf } from "./session.js";

/**
 * `open(id)` shows a conversation; `current()` answers the id of the one on screen;
 * `findPeople()` goes to where there are some.
 */
export function conversationList({ open, current, findPeople }) {
  const list = h("ul", {
    class: "rows",
    testid: "conversation-list",
    "aria-label": "Conversations",
  });
  const emptyText = h("p", {});
  const find = h(
    "button",
    { type: "button", class: "button", testid: "find-people", onclick: findPeople },
    "Find people",
  );
  const empty = h("div", { class: "empty-note" }, emptyText, find);
  const element = h("div", { class: "scroll" }, list, empty);
  arrowKeys(list, ".row");

  function update(filter) {
    const wanted = filter.trim().toLocaleLowerCase();
    const all = client.store.listConversations();
    const shown = all.filter((state) => titleOf(state).toLocaleLowerCase().includes(wanted));
    reconcile(
      list,
      shown,
      ({ id }) => id,
      (state) => conversationRow(state.id, { open, current }),
    );
    empty.hidden = shown.length > 0 || !client.upToDate;
    find.hidden = Boolean(wanted);
    setText(emptyText, wanted ? "No conversation is called that." : "No conversations yet.");
  }

  return { element, update };
}

function conversationRow(id, { open, current }) {
  const face = avatar("large");
  const name = h("span", { class: "row-name" });
  const time = h("time", { class: "row-time" });
  const preview = h("span", { class: "row-preview", testid: "preview" });
  const badge = h("span", { class: "badge", testid: "unread-badge", hidden: true });
  const button = h(
    "button",
    {
      type: "button",
      class: "row",
      testid: "conversation",
      "data-id": id,
      onclick: () => open(id),
    },
    face.element,
    h(
      "span",
      { class: "row-text" },
      h("span", { class: "row-line" }, name, time),
      h("span", { class: "row-line" }, preview, badge),
    ),
  );
  let drawn = "";

  function update(state) {
    face.show(faceOf(state));
    setText(name, titleOf(state));
    setAttribute(button, "aria-current", current() === id ? "true" : null);
    setText(time, state.lastMessage ? shortTime(state.lastMessage.created_at) : "");
    showBadge(badge, state.me);
    const line = previewLine(state);
    const signature = JSON.stringify(line);
    if (signature === drawn) return;
    drawn = signature;
    setAttribute(preview, "class", line.typing ? "row-preview typing" : "row-preview");
    fill(
      preview,
      line.status && ticks(line.status),
      line.who && h("b", {}, `${line.who}: `),
      line.text,
    );
  }

  return { element: h("li", {}, button), update };
}

function showBadge(badge, { unread, unread_more: more, unread_mentions: mentions }) {
  badge.hidden = !unread;
  setText(badge, unread > 99 ? "99+" : String(unread));
  setAttribute(badge, "class", mentions ? "badge mention" : "badge");
  setAttribute(badge, "aria-label", `${unread}${more ? " or more" : ""} unread`);
}

/** A list has little room. */
const firstName = (id) => nameOf(id).split(" ")[0];

/** What the second line says: who is typing, what is not sent yet, or the last message. */
function previewLine(state) {
  const typing = client.typingIn(state.id);
  const direct = state.info.kind === "direct";
  if (typing.length) {
    return { typing: true, text: direct ? "typing…" : `${listNames(typing.map(nameOf))} typing…` };
  }
  const unsent = client.messages.outbox.list(state.id).at(-1);
  if (unsent) {
    return {
      status: unsent.state,
      text:
        unsent.fields.body ||
        summary({ kind: unsent.fields.kind, attachments: unsent.shown.attachments }),
    };
  }
  const message = state.lastMessage;
  if (!message || !client.store.alive({ ...message, deleted: null }))
    return { text: "No messages yet" };
  const own = message.sender_id === client.store.userId;
  if (own)
    return { status: message.deleted ? null : state.statusOf(message), text: summary(message) };
  const named = !direct && message.kind !== "system";
  return { who: named ? firstName(message.sender_id) : null, text: summary(message) };
}
