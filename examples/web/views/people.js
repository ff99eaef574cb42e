/** Everybody there is: search, start a conversation, choose some for a group. */
import { avatar, ofUser } from "./avatar.js";
import { arrowKeys, fill, h, icon, reconcile, setAttribute, setText } from "./dom.js";
import { presenceText } from "./format.js";
import { ICONS } from "./icons.js";
import { attempt } from "./overlay.js";
import { client } from "./session.js";

const SEARCH_AFTER_MS = 200;

/**
 * A list of people that a search box drives. `pick(user)` is called with the one chosen;
 * `chosen()` answers the set of ids that are ticked, or null where one is enough.
 */
export function peopleList({ pick, chosen = () => null, exclude = () => false }) {
  const list = h("ul", { class: "rows", "aria-label": "People" });
  const empty = h("p", { class: "empty-note", hidden: true });
  const more = h(
    "button",
    { type: "button", class: "button quiet", hidden: true, onclick: () => load(true) },
    "Show more",
  );
  const element = h("div", { class: "scroll", testid: "people" }, list, empty, more);
  arrowKeys(list, ".row");
  let ids = [];
  let query = "";
  let next = null;
  let timer;

  async function load(append = false) {
    const asked = query;
    await attempt(async () => {
      const page = await client.findUsers(asked, append ? next : null);
      if (asked !== query) return; // Typed on meanwhile.
      ids = [...(append ? ids : []), ...page.items.map(({ id }) => id)];
      next = page.next;
      draw();
    });
  }

  function draw() {
    const users = ids.map((id) => client.store.users.get(id)).filter(Boolean);
    const shown = users.filter(({ id }) => id !== client.store.userId && !exclude(id));
    reconcile(
      list,
      shown,
      ({ id }) => id,
      (user) => personRow(user, { pick, chosen }),
    );
    empty.hidden = shown.length > 0;
    setText(empty, query ? "Nobody goes by that name." : "Nobody else is here yet.");
    more.hidden = next == null;
  }

  return {
    element,
    update: draw,
    /** Ids of those listed, whose presence is worth knowing. */
    ids: () => ids,
    search(text, { now = false } = {}) {
      query = text.trim();
      clearTimeout(timer);
      if (now) load();
      else timer = setTimeout(load, SEARCH_AFTER_MS);
    },
  };
}

function personRow(user, { pick, chosen }) {
  const face = avatar("medium");
  const name = h("span", { class: "row-name" });
  const detail = h("span", { class: "row-preview" });
  const mark = h("span", { class: "row-check", hidden: true }, icon(ICONS.check));
  const button = h(
    "button",
    { type: "button", class: "row", testid: `person-${user.username}`, onclick: () => pick(user) },
    face.element,
    h("span", { class: "row-text" }, name, detail),
    mark,
  );
  const update = (person) => {
    const presence = client.store.presence.get(person.id);
    face.show(ofUser(person, person.id, presence));
    setText(name, person.display_name || person.username);
    setText(detail, [`@${person.username}`, presenceText(presence)].filter(Boolean).join(" · "));
    const ticked = chosen();
    mark.hidden = !ticked?.has(person.id);
    setAttribute(button, "aria-pressed", ticked ? String(ticked.has(person.id)) : null);
  };
  return { element: h("li", {}, button), update };
}

/** Choosing several people: a list with a count, for groups and for adding to one. */
export function peoplePicker({ exclude, changed }) {
  const ticked = new Set();
  const picked = h("div", { class: "chips" });
  const list = peopleList({
    exclude,
    chosen: () => ticked,
    pick: ({ id }) => {
      if (!ticked.delete(id)) ticked.add(id);
      draw();
    },
  });
  const search = h("input", {
    type: "search",
    class: "search-input",
    placeholder: "Search people",
    "aria-label": "Search people",
    testid: "picker-search",
    oninput: () => list.search(search.value),
  });
  function draw() {
    list.update();
    fill(
      picked,
      [...ticked].map((id) =>
        h("span", { class: "chip" }, client.store.users.get(id)?.display_name ?? "…"),
      ),
    );
    changed(ticked);
  }
  list.search("", { now: true });
  return {
    element: h("div", { class: "picker" }, search, picked, list.element),
    ids: () => [...ticked],
  };
}
