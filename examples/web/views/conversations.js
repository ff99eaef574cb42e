/** The list of conversations: last active first, with a preview, its time and what is unread. */
import { avatar } from "./avatar.js";
import { arrowKeys, fill, h, icon, reconcile, setAttribute, setText } from "./dom.js";
import { conversationMenu } from "./conversation-menu.js";
import { listNames, shortTime, summary } from "./format.js";
import { ICONS } from "./icons.js";
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
  const archived = h("button", {
    type: "button",
    class: "button quiet archived-toggle",
    testid: "show-archived",
    onclick: () => showArchived(!archive),
  });
  const element = h("div", {}, list, empty, archived);
  let archive = false;
  let filtered = "";
  arrowKeys(list, ".row");

  function showArchived(wanted) {
    archive = wanted;
    update(filtered);
  }

  function update(filter) {
    filtered = filter;
    const wanted = filter.trim().toLocaleLowerCase();
    const all = client.store.listConversations();
    const put = all.filter(({ me }) => me.archived).length;
    if (!put) archive = false;
    archived.hidden = !put || Boolean(wanted);
    setText(archived, archive ? "Back to all chats" : `Archived (${put})`);
    // A search looks everywhere.
    const listed = wanted ? all : all.filter(({ me }) => Boolean(me.archived) === archive);
    const shown = listed.filter((state) => titleOf(state).toLocaleLowerCase().includes(wanted));
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
  const marks = h("span", { class: "row-marks" });
  const more = h(
    "button",
    {
      type: "button",
      class: "icon-button small row-more",
      "aria-label": "Pin, mute, archive …",
      title: "More",
      testid: "conversation-more",
      onclick: () => openMenu(),
    },
    icon(ICONS.more),
  );
  const openMenu = () => conversationMenu(more, client.store.conversations.get(id));
  const button = h(
    "button",
    {
      type: "button",
      class: "row",
      testid: "conversation",
      "data-id": id,
      onclick: () => open(id),
      oncontextmenu: (event) => {
        event.preventDefault();
        openMenu();
      },
    },
    face.element,
    h(
      "span",
      { class: "row-text" },
      h("span", { class: "row-line" }, name, time),
      h("span", { class: "row-line" }, preview, marks, badge),
    ),
  );
  let drawn = "";

  function update(state) {
    face.show(faceOf(state));
    setText(name, titleOf(state));
    setAttribute(button, "aria-current", current() === id ? "true" : null);
    setText(time, state.lastMessage ? shortTime(state.lastMessage.created_at) : "");
    const muted = state.muted(client.store.now);
    showBadge(badge, state.me, muted);
    const line = previewLine(state, current() === id);
    const signature = JSON.stringify([line, muted, state.me.pinned]);
    if (signature === drawn) return;
    drawn = signature;
    fill(marks, muted && mark("Muted", ICONS.mute), state.me.pinned && mark("Pinned", ICONS.pin));
    const look = ["row-preview", line.typing && "typing", line.draft && "draft"];
    setAttribute(preview, "class", look.filter(Boolean).join(" "));
    fill(
      preview,
      line.status && ticks(line.status),
      line.who && h("b", {}, `${line.who}: `),
      line.text,
    );
  }

  return { element: h("li", { class: "row-item" }, button, more), update };
}

const mark = (label, paths) =>
  h("span", { role: "img", "aria-label": label, title: label }, icon(paths));

function showBadge(badge, me, muted) {
  const { unread, unread_more: more, unread_mentions: mentions, marked_unread: marked } = me;
  badge.hidden = !unread && !marked;
  setText(badge, unread ? (unread > 99 ? "99+" : String(unread)) : "");
  const look = ["badge", mentions && "mention", muted && "muted"];
  setAttribute(badge, "class", look.filter(Boolean).join(" "));
  setAttribute(
    badge,
    "aria-label",
    unread ? `${unread}${more ? " or more" : ""} unread` : "marked as unread",
  );
}

/** A list has little room. */
const firstName = (id) => nameOf(id).split(" ")[0];

/** What the second line says: who is typing, what is not sent yet, or the last message. */
function previewLine(state, open) {
  const typing = client.typingIn(state.id);
  const direct = state.info.kind === "direct";
  if (typing.length) {
    return { typing: true, text: direct ? "typing…" : `${listNames(typing.map(nameOf))} typing…` };
  }
  const draft = open ? "" : client.drafts.get(state.id).trim();
  if (draft) return { draft: true, who: "Draft", text: draft };
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
