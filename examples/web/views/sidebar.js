/** The left side: who one is, the tabs, the search box, and a list. */
import { openAccount } from "./account.js";
import { avatar, ofUser } from "./avatar.js";
import { openBookmarks } from "./bookmarks.js";
import { contactRequests } from "./contacts.js";
import { conversationList } from "./conversations.js";
import { openDiscover } from "./discover.js";
import { fill, h, icon, setAttribute, setText } from "./dom.js";
import { openNewGroup, start } from "./group.js";
import { ICONS } from "./icons.js";
import { peopleList } from "./people.js";
import { messageSearch } from "./search.js";
import { client } from "./session.js";

/**
 * `open(id, place)` shows a conversation, at a message where one is given; `current()` is the one
 * shown, `logOut()` ends the session.
 */
export function sidebar({ open, current, logOut }) {
  const conversations = conversationList({ open, current, findPeople: () => show("people") });
  const found = messageSearch({ open });
  const requests = contactRequests();
  const people = peopleList({ pick: ({ id }) => start({ kind: "direct", user_id: id }, enter) });
  const chats = h("div", { class: "scroll" }, conversations.element, found.element);
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
  const newGroup = action("New group", "new-group", ICONS.group, () => openNewGroup(enter));
  const saved = action("Saved messages", "saved-messages", ICONS.bookmark, () =>
    start({ kind: "self" }, enter),
  );
  const discover = action("Public groups", "discover", ICONS.people, () => openDiscover(enter));
  const bookmarks = action("Bookmarks", "open-bookmarks", ICONS.pin, () =>
    openBookmarks((id, place) => {
      show("chats");
      open(id, place);
    }),
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
    found.search("");
    if (name === "chats") fill(body, chats);
    else fill(body, newGroup, discover, saved, bookmarks, requests.element, people.element);
    if (name === "people") people.search("", { now: true });
    update();
  }

  /** Back to the chats, with a conversation that was found or made under People. */
  function enter(id) {
    show("chats");
    open(id);
  }

  function refilter() {
    if (shown === "people") people.search(search.value);
    else found.search(search.value);
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
    requests.update();
    const waits = !requests.element.hidden;
    setText(tabs.people, waits ? "People •" : "People");
    if (shown === "people") people.update();
    else conversations.update(search.value);
  }

  const element = h(
    "aside",
    { class: "sidebar", "aria-label": "Chats and people" },
    h(
      "header",
      { class: "sidebar-header" },
      h("h1", { class: "visually-hidden" }, "chatcore"),
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

function action(label, testid, paths, onclick) {
  return h(
    "button",
    { type: "button", class: "row action", testid, onclick },
    h("span", { class: "avatar medium round-icon" }, icon(paths)),
    h("span", { class: "row-text" }, h("span", { class: "row-name" }, label)),
  );
}
