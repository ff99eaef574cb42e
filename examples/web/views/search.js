/** Messages found by their words, under the conversations in the list. */
import { fill, h } from "./dom.js";
import { shortTime, summary } from "./format.js";
import { client, nameOf, titleOf } from "./session.js";

const SEARCH_AFTER_MS = 250;
const LEAST = 2;

/** A list of hits; `open(id, place)` shows a conversation at a message. */
export function messageSearch({ open }) {
  const list = h("ul", { class: "rows", testid: "found-messages", "aria-label": "Messages" });
  const element = h(
    "section",
    { hidden: true },
    h("h3", { class: "section-title found-title" }, "Messages"),
    list,
  );
  let timer;
  let query = "";

  async function load() {
    const asked = query;
    try {
      const { items, users } = await client.request("messages.search", { q: asked, limit: 20 });
      if (asked !== query) return; // Typed on meanwhile.
      client.store.putUsers(users);
      const known = items.filter(({ conversation_id: id }) => client.store.conversations.has(id));
      element.hidden = known.length === 0;
      fill(list, known.map(hit));
    } catch {
      element.hidden = true; // Searching is a comfort: the list itself still works.
    }
  }

  function hit(message) {
    const { conversation_id: id, sender_id: sender } = message;
    const state = client.store.conversations.get(id);
    const who = sender === client.store.userId ? "You" : nameOf(sender);
    const place = { message_id: message.id, seq: message.seq };
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "row", testid: "found-message", onclick: () => open(id, place) },
        h(
          "span",
          { class: "row-text" },
          h(
            "span",
            { class: "row-line" },
            h("span", { class: "row-name" }, titleOf(state)),
            h("time", { class: "row-time" }, shortTime(message.created_at)),
          ),
          h("span", { class: "row-preview" }, h("b", {}, `${who}: `), summary(message)),
        ),
      ),
    );
  }

  return {
    element,
    search(text) {
      query = text.trim();
      clearTimeout(timer);
      if (query.length < LEAST) element.hidden = true;
      else timer = setTimeout(load, SEARCH_AFTER_MS);
    },
  };
}
