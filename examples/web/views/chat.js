/** One conversation: its header, its messages and where to write; files may be dropped on it. */
import { avatar } from "./avatar.js";
import { composer } from "./composer.js";
import { h, icon, setAttribute, setText } from "./dom.js";
import { listNames, plural, presenceText } from "./format.js";
import { ICONS } from "./icons.js";
import { messageMenu } from "./message-menu.js";
import { attempt, confirm, dialog, note } from "./overlay.js";
import { client, faceOf, nameOf, titleOf } from "./session.js";
import { timeline } from "./timeline.js";
import { messageToolbar } from "./toolbar.js";
import { statusList } from "./status.js";
import { openThread } from "./thread.js";

/** The pane of the conversation `id`; `back()` leaves it, `details()` opens what is known of it. */
export function chat(id, { back, details }) {
  const face = avatar("medium");
  const title = h("h2", { testid: "conversation-title" });
  const subtitle = h("span", { class: "chat-subtitle" });
  const writer = composer(id, { sent: () => messages.toEnd() });
  const messages = timeline(id, { actions: rowActions(), toolbar: toolbar() });
  const drop = h(
    "div",
    { class: "drop-target", hidden: true },
    h("span", {}, icon(ICONS.attach), "Drop files to attach them"),
  );
  const closed = h("p", { class: "closed", hidden: true });
  const element = h(
    "section",
    { class: "chat", "aria-label": "Conversation" },
    header(),
    messages.element,
    closed,
    writer.element,
    drop,
  );
  const state = () => client.store.conversations.get(id);
  const find = (message) => state()?.window.get(message.id) ?? message;

  function header() {
    return h(
      "header",
      { class: "chat-header" },
      h(
        "button",
        {
          type: "button",
          class: "icon-button back",
          "aria-label": "Back to the list",
          testid: "back",
          onclick: back,
        },
        icon(ICONS.back),
      ),
      h(
        "button",
        {
          type: "button",
          class: "chat-who",
          testid: "open-details",
          title: "Details",
          onclick: details,
        },
        face.element,
        h("span", { class: "chat-names" }, title, subtitle),
      ),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Details",
          title: "Details",
          testid: "details",
          onclick: details,
        },
        icon(ICONS.info),
      ),
    );
  }

  function rowActions() {
    return {
      seen: markSeen,
      react: (message, key) => react(find(message), key),
      showQuoted: ({ reply_to: place }) => showPlace(place),
      showThread,
      showStatus: (message) =>
        dialog("Message info", () => statusList(message), { testid: "message-info" }),
      retry: (key) => client.messages.outbox.retry(key),
      discard: (key) => client.messages.outbox.discard(key),
    };
  }

  function toolbar() {
    return messageToolbar({
      react: (message, key) => react(find(message), key),
      reply: (message) => writer.reply(find(message)),
      edit: (message) => writer.edit(find(message)),
      remove,
      more: (anchor, message) => messageMenu(anchor, find(message), { showThread }),
      mayDelete: ({ sender_id: sender }) =>
        sender === client.store.userId || ["owner", "admin"].includes(state()?.me.role),
    });
  }

  const react = (message, key) =>
    attempt(() => client.messages.react(message, key, !(message.mine ?? []).includes(key)));

  /** The thread of a message, or the one that it stands in. */
  async function showThread(message) {
    const rootId = message.thread_id ?? message.id;
    await attempt(async () => {
      const params = { conversation_id: id, message_id: rootId };
      const root = state().window.get(rootId) ?? (await client.request("messages.get", params));
      openThread(root, rowActions());
    });
  }

  async function showPlace(place) {
    const found = place.seq && (await messages.reveal(place));
    if (!found) note("That message is not available.");
  }

  async function remove(message, whom) {
    if (whom === "everyone") {
      const sure = await confirm(
        "Delete for everyone?",
        "Nobody will be able to read this message any more.",
        "Delete",
      );
      if (!sure) return;
    }
    await attempt(() => client.messages.delete(message, whom));
  }

  function markSeen() {
    if (document.visibilityState !== "visible" || !document.hasFocus()) return;
    const seq = messages.seen();
    if (seq > (state()?.me.read_seq ?? seq)) client.markRead(id, seq);
  }

  function drawHeader(current) {
    face.show(faceOf(current));
    setText(title, titleOf(current));
    const typing = client.typingIn(id);
    const { kind, member_count: members } = current.info;
    setAttribute(subtitle, "data-testid", kind === "direct" ? "presence" : "member-count");
    if (kind === "direct") {
      const presence = client.store.presence.get(current.peerId);
      setAttribute(subtitle, "data-status", presence?.status ?? null);
      setText(subtitle, typing.length ? "typing…" : presenceText(presence));
    } else if (kind === "group") {
      setText(
        subtitle,
        typing.length ? `${listNames(typing.map(nameOf))} typing…` : plural(members, "member"),
      );
    }
    subtitle.classList.toggle("typing", typing.length > 0);
  }

  function drawClosed({ info, me, peerId }) {
    const silent = info.settings?.frozen || (info.settings?.announcement && me.role === "member");
    const blocked = info.kind === "direct" && client.store.blocks.has(peerId);
    closed.hidden = !silent && !blocked;
    writer.element.hidden = Boolean(silent || blocked);
    if (blocked) setText(closed, "You have blocked this person. Unblock them to write.");
    else if (silent)
      setText(
        closed,
        info.settings.frozen ? "This conversation is frozen." : "Only admins write here.",
      );
  }

  function files(event, over) {
    if (!event.dataTransfer?.types.includes("Files") || writer.element.hidden) return;
    event.preventDefault();
    drop.hidden = !over;
    if (event.type === "drop") writer.addFiles(event.dataTransfer.files);
  }
  element.addEventListener("dragover", (event) => files(event, true));
  element.addEventListener(
    "dragleave",
    (event) => element.contains(event.relatedTarget) || files(event, false),
  );
  element.addEventListener("drop", (event) => files(event, false));

  return {
    id,
    element,
    focus: writer.focus,
    fit: writer.fit,
    reveal: showPlace,
    markSeen,
    update() {
      const current = state();
      if (!current) return;
      drawHeader(current);
      drawClosed(current);
      writer.update();
      messages.update();
      markSeen();
    },
    close() {
      writer.close();
      messages.close();
    },
  };
}

/** What stands where no conversation is open. */
export function emptyChat() {
  return h(
    "section",
    { class: "chat empty" },
    h("span", { class: "empty-mark" }, icon(["M4 5.5h16v10.5H10l-4.5 4v-4H4z", "M8.5 10.5h7"])),
    h("h2", {}, "Pick a conversation"),
    h("p", {}, "Or find somebody under People and say hello."),
  );
}
