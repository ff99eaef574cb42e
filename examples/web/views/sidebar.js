/** The left side: who one is, the tabs, the search box, and a list. */
import { openAccount } from "./account.js";
import { avatar, ofUser } from "./avatar.js";
import { conversationList } from "./conversations.js";
import { fill, h, icon, setAttribute, setText } from "./dom.js";
import { openNewGroup } from "./group.js";
import { ICONS } from "./icons.js";
import { attempt } from "./overlay.js";
import { peopleList } from "./people.js";
import { client } from "./session.js";

/** `open(id)` shows a conversation, `current()` is the one shown, `logOut()` ends the session. */
export function sidebar({ open, current, logOut }) {
  const conversations = conversationList({ open, current });
  const people = peopleList({ pick: (user) => startDirect(user, open) });
  const tabs = { chats: tab("Chats"), people: tab("People") };
  const body = h("div", { class: "sidebar-body", role: "tabpanel" });
  const own = avatar("medium");
  const ownName = h("span", { class: "own-name" });
  const search = h("input", {
    type: "search",
    class: "search-input",
    placeholder: "Search",
    testid: "search",
    oninput: () => refilter(),
    onkeydown: searchKeys,
  });
  const newGroup = h(
    "button",
    { type: "button", class: "row action", testid: "new-group", onclick: () => openNewGroup(open) },
    h("span", { class: "avatar medium round-icon" }, icon(ICONS.group)),
    h("span", { class: "row-text" }, h("span", { class: "row-name" }, "New group")),
  );
  let shown = null;

  function tab(label) {
    const name = label.toLowerCase();
    return h(
      "button",
      { type: "button", role: "tab", testid: `tab-${name}`, onclick: () => show(name) },
      label,
    );
  }

  function show(name) {
    shown = name;
    search.value = "";
    setAttribute(search, "aria-label", name === "chats" ? "Search conversations" : "Search people");
    for (const [other, button] of Object.entries(tabs))
      setAttribute(button, "aria-selected", String(other === name));
    if (name === "chats") fill(body, conversations.element);
    else fill(body, newGroup, people.element);
    if (name === "people") people.search("", { now: true });
    update();
  }

  function refilter() {
    if (shown === "people") people.search(search.value);
    update();
  }

  function searchKeys(event) {
    if (event.key === "Escape" && search.value) {
      search.value = "";
      refilter();
    } else if (event.key === "ArrowDown") {
      body.querySelector(".row")?.focus();
    } else return;
    event.preventDefault();
  }

  function update() {
    const { me } = client.store;
    if (!me) return;
    own.show(ofUser(me, me.id));
    setText(ownName, me.display_name || me.username);
    if (shown === "people") people.update();
    else conversations.update(search.value);
  }

  const element = h(
    "aside",
    { class: "sidebar", "aria-label": "Chats and people" },
    h(
      "header",
      { class: "sidebar-header" },
      h(
        "button",
        {
          type: "button",
          class: "account-button",
          testid: "account",
          title: "Your account",
          onclick: () => openAccount(logOut),
        },
        own.element,
        ownName,
        icon(ICONS.down),
      ),
      h("div", { class: "segmented", role: "tablist", "aria-label": "Lists" }, Object.values(tabs)),
    ),
    h("div", { class: "search" }, icon(ICONS.search), search),
    body,
  );
  show("chats");
  return { element, update, show, watched: () => (shown === "people" ? people.ids() : []) };
}

function startDirect({ id }, open) {
  return attempt(async () => {
    const state = await client.createConversation({ kind: "direct", user_id: id });
    open(state.id);
  });
}
