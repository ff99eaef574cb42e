/** The members of a group, and what those who lead it can do. */
import { avatar, ofUser } from "./avatar.js";
import { arrowKeys, h, icon, reconcile, setText } from "./dom.js";
import { plural, presenceText } from "./format.js";
import { openAddMembers, start } from "./group.js";
import { ICONS } from "./icons.js";
import { attempt, confirm, menu } from "./overlay.js";
import { client, nameOf } from "./session.js";

const RANK = { owner: 2, admin: 1, member: 0 };

/** `open(conversationId)` shows a conversation: writing to a member directly. */
export function memberList(id, { open }) {
  const heading = h("h3", { class: "section-title" });
  const add = h(
    "button",
    {
      type: "button",
      class: "row action",
      testid: "add-members",
      onclick: () => openAddMembers(client.store.conversations.get(id)),
    },
    h("span", { class: "avatar medium round-icon" }, icon(ICONS.plus)),
    h("span", { class: "row-text" }, h("span", { class: "row-name" }, "Add people")),
  );
  const list = h("ul", { class: "rows", testid: "member-list", "aria-label": "Members" });
  const element = h("section", { class: "members" }, heading, add, list);
  arrowKeys(list, ".row");

  function update(state) {
    const members = state.roster.current().sort(byRank);
    setText(heading, plural(state.info.member_count ?? members.length, "member"));
    add.hidden = state.me.role === "member";
    reconcile(
      list,
      members,
      ({ user_id: userId }) => userId,
      () => memberRow(state, open),
    );
  }
  return { element, update };
}

function byRank(a, b) {
  return RANK[b.role] - RANK[a.role] || nameOf(a.user_id).localeCompare(nameOf(b.user_id));
}

function memberRow(state, open) {
  const face = avatar("medium");
  const name = h("span", { class: "row-name" });
  const detail = h("span", { class: "row-preview" });
  const role = h("span", { class: "role", testid: "role" });
  let member;
  const button = h(
    "button",
    {
      type: "button",
      class: "row",
      testid: "member",
      onclick: () => memberMenu(button, state, member, open),
    },
    face.element,
    h("span", { class: "row-text" }, name, detail),
    role,
  );
  const update = (next) => {
    member = next;
    const { user_id: userId } = member;
    const presence = client.store.presence.get(userId);
    const own = userId === client.store.userId;
    face.show(ofUser(client.user(userId), userId, own ? undefined : presence));
    button.dataset.user = userId;
    button.disabled = own;
    setText(name, own ? `${nameOf(userId)} (you)` : nameOf(userId));
    setText(detail, own ? "" : presenceText(presence));
    setText(role, member.role === "member" ? "" : member.role);
  };
  return { element: h("li", {}, button), update };
}

function memberMenu(anchor, state, { user_id: userId, role }, open) {
  const mine = state.me.role;
  const above = RANK[mine] > RANK[role];
  const ask = (method, fields) =>
    attempt(() =>
      client.request(method, { conversation_id: state.id, user_id: userId, ...fields }),
    );
  const become = (next, label) => ({
    label,
    testid: `make-${next}`,
    icon: ICONS.people,
    run: () => ask("members.update", { role: next }),
  });
  menu(anchor, [
    {
      label: "Send a message",
      testid: "message-member",
      icon: ICONS.send,
      run: () => start({ kind: "direct", user_id: userId }, open),
    },
    mine === "owner" && role !== "owner" && become("owner", "Make owner"),
    above && role !== "admin" && mine !== "member" && become("admin", "Make admin"),
    mine === "owner" && role !== "member" && become("member", "Make member"),
    above && {
      label: "Remove from group",
      testid: "remove-member",
      icon: ICONS.leave,
      danger: true,
      run: () => remove(userId, ask),
    },
    above && {
      label: "Ban from group",
      testid: "ban-member",
      icon: ICONS.block,
      danger: true,
      run: () => ban(userId, ask),
    },
  ]);
}

async function remove(userId, ask) {
  const sure = await confirm(
    `Remove ${nameOf(userId)}?`,
    "They will no longer see this group.",
    "Remove",
  );
  if (sure) await ask("members.remove");
}

async function ban(userId, ask) {
  const sure = await confirm(
    `Ban ${nameOf(userId)}?`,
    "They will no longer see this group, and can't come back by a link.",
    "Ban",
  );
  if (sure) await ask("members.ban");
}
