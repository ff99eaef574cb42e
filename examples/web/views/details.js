/** The panel on the right: a person's profile, or a group with its members. */
import { avatar } from "./avatar.js";
import { contactActions } from "./contacts.js";
import { fill, h, icon } from "./dom.js";
import { presenceText } from "./format.js";
import { openGroupSettings } from "./group-settings.js";
import { ICONS } from "./icons.js";
import { openInvites } from "./invites.js";
import { memberList } from "./members.js";
import { attempt, confirm } from "./overlay.js";
import { client, faceOf, titleOf } from "./session.js";

/** The panel about a conversation; `close()` puts it away. */
export function details(id, { close, open }) {
  const body = h("div", { class: "details-body" });
  const element = h(
    "aside",
    { class: "details", "aria-label": "Details", testid: "details-panel" },
    h(
      "header",
      { class: "details-header" },
      h("h2", {}, "Details"),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Close details",
          testid: "close-details",
          onclick: close,
        },
        icon(ICONS.close),
      ),
    ),
    body,
  );
  const members = memberList(id, { open });
  let drawn = "";

  function update() {
    const state = client.store.conversations.get(id);
    if (!state) return;
    members.update(state);
    const signature = signatureOf(state);
    if (signature === drawn) return;
    drawn = signature;
    const face = avatar("huge");
    face.show(faceOf(state));
    fill(
      body,
      h("div", { class: "details-face" }, face.element),
      state.info.kind === "group" ? group(state, members, () => open(null)) : person(state),
    );
  }
  return { element, update };
}

/** What the panel shows, apart from the members: drawn again only where it changed. */
function signatureOf(state) {
  const user = client.user(state.peerId ?? "");
  return JSON.stringify([
    state.info.title,
    state.info.description,
    state.info.settings,
    state.me.role,
    user,
    client.store.presence.get(state.peerId),
    client.store.blocks.has(state.peerId),
    client.store.contacts.get(state.peerId),
  ]);
}

function person(state) {
  if (state.info.kind === "self")
    return [
      h("h3", { class: "details-name" }, titleOf(state)),
      h("p", { class: "details-line" }, "Only you see this."),
    ];
  const user = client.user(state.peerId);
  const blocked = client.store.blocks.has(state.peerId);
  return [
    h("h3", { class: "details-name", testid: "profile-name" }, titleOf(state)),
    user?.username && h("p", { class: "details-line" }, `@${user.username}`),
    h(
      "p",
      { class: "details-line", testid: "profile-presence" },
      presenceText(client.store.presence.get(state.peerId)),
    ),
    user?.bio && h("p", { class: "details-bio" }, user.bio),
    h(
      "div",
      { class: "details-actions" },
      !blocked && contactActions(state.peerId),
      h(
        "button",
        {
          type: "button",
          class: blocked ? "menu-item" : "menu-item danger",
          testid: blocked ? "unblock" : "block",
          onclick: () => toggleBlock(state.peerId, !blocked),
        },
        icon(ICONS.block),
        blocked ? "Unblock" : "Block",
      ),
    ),
  ];
}

async function toggleBlock(userId, blocked) {
  if (blocked) {
    const sure = await confirm(
      "Block this person?",
      "They can no longer write to you, and neither of you sees when the other is online or typing.",
      "Block",
    );
    if (!sure) return;
  }
  await attempt(() => client.setBlocked(userId, blocked));
}

function group(state, members, gone) {
  const { me, info } = state;
  const leads = me.role === "owner" || me.role === "admin";
  return [
    leads
      ? titleForm(state)
      : h("h3", { class: "details-name", testid: "group-name" }, titleOf(state)),
    info.description && h("p", { class: "details-bio" }, info.description),
    leads &&
      h(
        "div",
        { class: "details-actions" },
        action("Invite by link", "invites", ICONS.link, () => openInvites(state.id), ""),
        action("Group settings", "group-settings", ICONS.edit, () => openGroupSettings(state), ""),
      ),
    members.element,
    h(
      "div",
      { class: "details-actions" },
      action("Leave group", "leave-group", ICONS.leave, () => leave(state, gone)),
      me.role === "owner" &&
        action("Delete group", "delete-group", ICONS.trash, () => remove(state, gone)),
    ),
  ];
}

function action(label, testid, paths, onclick, look = "danger") {
  return h(
    "button",
    { type: "button", class: `menu-item ${look}`, testid, onclick },
    icon(paths),
    label,
  );
}

function titleForm(state) {
  const input = h("input", {
    type: "text",
    class: "title-input",
    value: state.info.title ?? "",
    "aria-label": "Name of the group",
    maxlength: "80",
    testid: "rename-title",
  });
  const save = async () => {
    const title = input.value.trim();
    if (!title || title === state.info.title) input.value = state.info.title ?? "";
    else await attempt(() => client.updateConversation(state.id, { title }));
  };
  input.addEventListener("blur", save);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") input.value = state.info.title ?? "";
    if (event.key !== "Escape" && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    input.blur();
  });
  return input;
}

async function leave({ id }, gone) {
  const sure = await confirm("Leave this group?", "You will no longer see its messages.", "Leave");
  if (sure && (await attempt(() => client.request("members.leave", { conversation_id: id }))))
    gone();
}

async function remove({ id }, gone) {
  const sure = await confirm(
    "Delete this group?",
    "It disappears for everybody, with all its messages.",
    "Delete",
  );
  if (!sure) return;
  const done = await attempt(() => client.request("conversations.delete", { conversation_id: id }));
  if (done) gone();
}
