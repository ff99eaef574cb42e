/** Who has received and read one of one's own messages, and when. */
import { avatar, ofUser } from "./avatar.js";
import { fill, h } from "./dom.js";
import { moment } from "./format.js";
import { client, nameOf } from "./session.js";
import { ticks } from "./ticks.js";

/** The content of a dialog about `message`; asks the server for it. */
export function statusList(message) {
  const list = h(
    "ul",
    { class: "rows" },
    h("li", { class: "spinner", role: "status", "aria-label": "Loading" }),
  );
  const params = { conversation_id: message.conversation_id, message_id: message.id };
  client.request("messages.status", params).then(
    ({ items, users }) => {
      client.store.putUsers(users);
      fill(
        list,
        items.length
          ? items.map(row)
          : h("li", { class: "empty-note" }, "Nobody else was here when this was sent."),
      );
    },
    (error) => fill(list, h("li", { class: "empty-note" }, error.message)),
  );
  return list;
}

function row({ user_id: id, status, delivered_at: delivered, read_at: read }) {
  const face = avatar("medium");
  face.show(ofUser(client.user(id), id));
  const when = read ?? delivered;
  const words = { read: "Read", delivered: "Delivered", sent: "Sent" }[status];
  return h(
    "li",
    { class: "row still" },
    face.element,
    h(
      "span",
      { class: "row-text" },
      h("span", { class: "row-name" }, nameOf(id)),
      h("span", { class: "row-preview" }, when ? `${words} ${moment(when)}` : words),
    ),
    ticks(status),
  );
}
