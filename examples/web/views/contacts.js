/** Whom one knows: the button that asks, answers or ends it, and the requests that wait. */
import { avatar, ofUser } from "./avatar.js";
import { fill, h, icon } from "./dom.js";
import { ICONS } from "./icons.js";
import { attempt } from "./overlay.js";
import { client, nameOf } from "./session.js";

/** What one can do about a person as a contact: menu items for their profile. */
export function contactActions(userId) {
  const held = client.store.contacts.get(userId);
  if (!held) return [act("Add as contact", "add-contact", () => client.requestContact(userId))];
  if (held.state === "accepted")
    return [act("Remove contact", "remove-contact", () => client.removeContact(userId))];
  if (!held.incoming)
    return [act("Take request back", "withdraw-contact", () => client.removeContact(userId))];
  return answers(userId);
}

const answers = (userId) => [
  act("Accept as contact", "accept-contact", () => client.respondContact(userId, true)),
  act("Refuse", "refuse-contact", () => client.respondContact(userId, false)),
];

function act(label, testid, task) {
  const paths = testid.startsWith("re") ? ICONS.close : ICONS.people;
  return h(
    "button",
    { type: "button", class: "menu-item", testid, onclick: () => attempt(task) },
    icon(paths),
    label,
  );
}

/** The requests that wait for one's answer; nothing where there are none. */
export function contactRequests() {
  const element = h("section", { testid: "contact-requests", hidden: true });
  let drawn = "";
  function update() {
    const waiting = [...client.store.contacts.values()].filter(
      ({ state, incoming }) => state === "requested" && incoming,
    );
    const signature = JSON.stringify(waiting.map(({ user_id: id }) => [id, nameOf(id)]));
    if (signature === drawn) return;
    drawn = signature;
    element.hidden = waiting.length === 0;
    fill(
      element,
      h("h3", { class: "section-title found-title" }, "Want to be your contact"),
      waiting.map(({ user_id: id }) => row(id)),
    );
  }
  return { element, update };
}

function row(id) {
  const face = avatar("medium");
  face.show(ofUser(client.user(id), id));
  return h(
    "div",
    { class: "row still", testid: "contact-request" },
    face.element,
    h("span", { class: "row-text" }, h("span", { class: "row-name" }, nameOf(id))),
    answers(id),
  );
}
