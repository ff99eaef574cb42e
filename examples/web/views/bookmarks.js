/** The messages that one keeps at hand. */
import { fill, h, icon } from "./dom.js";
import { shortTime, summary } from "./format.js";
import { ICONS } from "./icons.js";
import { attempt, dialog } from "./overlay.js";
import { client, nameOf, titleOf } from "./session.js";

/** The dialog; `open(id, place)` shows a conversation at a message. */
export function openBookmarks(open) {
  const list = h("ul", { class: "rows", testid: "bookmarks", "aria-label": "Bookmarks" });
  const load = () =>
    attempt(async () => {
      const { items, users } = await client.request("bookmarks.list");
      client.store.putUsers(users);
      fill(
        list,
        items.length
          ? items.map(row)
          : h("li", { class: "empty-note" }, "Bookmark a message to find it again here."),
      );
    });
  const remove = (id) =>
    attempt(async () => {
      await client.request("bookmarks.remove", { message_id: id });
      await load();
    });
  const show = ({ conversation_id: id, message }) => {
    close();
    open(id, { message_id: message.id, seq: message.seq });
  };

  function row(bookmark) {
    const { message, message_id: id } = bookmark;
    const state = client.store.conversations.get(bookmark.conversation_id);
    const seen = message && state;
    return h(
      "li",
      { class: "row still", testid: "bookmark" },
      h(
        "button",
        { type: "button", class: "row-text", disabled: !seen, onclick: () => show(bookmark) },
        h(
          "span",
          { class: "row-line" },
          h("b", {}, seen ? `${nameOf(message.sender_id)} in ${titleOf(state)}` : "Message"),
          seen && h("time", { class: "row-time" }, shortTime(message.created_at)),
        ),
        h("span", { class: "row-preview" }, seen ? summary(message) : "No longer there"),
      ),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Remove this bookmark",
          title: "Remove this bookmark",
          testid: "remove-bookmark",
          onclick: () => remove(id),
        },
        icon(ICONS.close),
      ),
    );
  }
  load();
  const close = dialog("Bookmarks", () => list, { testid: "bookmarks-dialog" });
}
