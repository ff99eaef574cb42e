/** Public groups: found by their title, and joined. */
import { avatar } from "./avatar.js";
import { fill, h } from "./dom.js";
import { plural } from "./format.js";
import { attempt, dialog } from "./overlay.js";
import { client } from "./session.js";

const SEARCH_AFTER_MS = 200;

/** The dialog; `open(id)` shows the group that was joined. */
export function openDiscover(open) {
  const list = h("ul", { class: "rows", testid: "public-groups", "aria-label": "Public groups" });
  const search = h("input", {
    type: "search",
    class: "search-input",
    placeholder: "Search public groups",
    "aria-label": "Search public groups",
    testid: "discover-search",
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(load, SEARCH_AFTER_MS);
    },
  });
  let timer;

  const load = () =>
    attempt(async () => {
      const q = search.value.trim();
      const { items } = await client.request("conversations.discover", q ? { q } : {});
      if (q !== search.value.trim()) return; // Typed on meanwhile.
      fill(
        list,
        items.length
          ? items.map((card) => groupRow(card, join))
          : h("li", { class: "empty-note" }, q ? "No group is called that." : "None yet."),
      );
    });
  const join = (card) =>
    attempt(async () => {
      if (!card.joined) await client.join({ conversationId: card.id });
      close();
      open(card.id);
    });
  load();
  const close = dialog("Public groups", () => [search, list], { testid: "discover-dialog" });
}

function groupRow(card, join) {
  const face = avatar("medium");
  face.show({ id: card.id, name: card.title ?? "Group", url: card.avatar_url });
  const detail = [plural(card.member_count, "member"), card.description].filter(Boolean);
  return h(
    "li",
    {},
    h(
      "button",
      { type: "button", class: "row", testid: "public-group", onclick: () => join(card) },
      face.element,
      h(
        "span",
        { class: "row-text" },
        h("span", { class: "row-name" }, card.title),
        h("span", { class: "row-preview" }, detail.join(" · ")),
      ),
      h("span", { class: "role" }, card.joined ? "Open" : "Join"),
    ),
  );
}
