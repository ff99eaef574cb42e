/** One message in the timeline, or one that is not sent yet. */
import { avatar, ofUser } from "./avatar.js";
import { attachmentsOf, isPicture } from "./attachments.js";
import { fill, h, icon, setAttribute } from "./dom.js";
import { clock, fullTime, hueOf, plural, summary } from "./format.js";
import { ICONS } from "./icons.js";
import { cardOf, pollOf } from "./poll.js";
import { client, nameOf } from "./session.js";
import { isJumbo, linked } from "./text.js";
import { ticks } from "./ticks.js";

/**
 * A row for `item` `{message, status, own, first, last, named}`: `first` and `last` of a run by one
 * sender, `named` where the sender has to be said. `actions` are what a row can ask for:
 * `react(message, key)`, `showQuoted(message)`, `showStatus(message)`, `retry(key)`, `discard(key)`.
 */
export function messageRow(actions) {
  const face = avatar("small");
  const parts = h("div", { class: "message-parts" });
  const content = h("div", { class: "message-content" }, parts);
  const element = h(
    "article",
    { tabindex: "-1", testid: "message" },
    h("div", { class: "message-side" }, face.element),
    content,
  );
  let drawn = {};

  function update(item) {
    if (same(drawn, item)) return;
    drawn = item;
    const { message, status, own, first, last, named } = item;
    const system = message.kind === "system" && !message.deleted;
    const classes = [
      "message",
      own ? "own" : "other",
      first && "first",
      last && "last",
      named && "named",
      system && "system",
      message.reactions?.length && "reacted",
    ];
    setAttribute(element, "class", classes.filter(Boolean).join(" "));
    setAttribute(element, "data-id", message.id);
    setAttribute(element, "data-seq", message.seq);
    setAttribute(element, "data-key", message.key);
    setAttribute(element, "data-status", status);
    setAttribute(
      element,
      "aria-label",
      `${own ? "You" : nameOf(message.sender_id)}, ${clock(message.created_at)}`,
    );
    if (!own && named) face.show(ofUser(client.user(message.sender_id), message.sender_id));
    fill(
      parts,
      system
        ? systemLine(message)
        : [
            bubble(item, actions),
            reactions(message, actions),
            threadChip(message, actions),
            failure(message, actions),
          ],
    );
  }

  return { element, update };
}

/** Message states are never changed in place: identity tells. */
function same(a, b) {
  return Object.keys(b).every((name) => a[name] === b[name]);
}

function systemLine(message) {
  return h(
    "p",
    { class: "system-line", testid: "body", title: fullTime(message.created_at) },
    message.body ?? "",
  );
}

function bubble(item, actions) {
  const { message, status, own, first, named } = item;
  const inside = message.deleted ? [deletedLine()] : contentOf(message, actions);
  const name = first && named && !own && senderLine(message.sender_id);
  const look = ["bubble", message.deleted ? "" : lookOf(message), name && "has-sender"];
  return h(
    "div",
    { class: look.filter(Boolean).join(" ") },
    name,
    inside,
    meta(message, status, own, actions),
  );
}

function contentOf(message, actions) {
  const { body, reply_to: reply, attachments = [], forwarded_from: forwarded } = message;
  return [
    message.thread_id && !actions.inThread && threadLine(message, actions),
    forwarded && h("small", { class: "forwarded", testid: "forwarded" }, "Forwarded"),
    reply && quote(message, actions),
    ...attachmentsOf(attachments),
    message.poll && pollOf(message),
    (message.location || message.contact) && cardOf(message),
    body && bodyOf(message),
    message.pinned && h("small", { class: "pinned", testid: "pinned" }, icon(ICONS.pin), "Pinned"),
  ];
}

/** Of a reply in a thread: where it belongs. */
function threadLine(message, actions) {
  return h(
    "button",
    {
      type: "button",
      class: "thread-line",
      testid: "in-thread",
      onclick: () => actions.showThread(message),
    },
    icon(ICONS.thread),
    "In a thread",
  );
}

/** Of a thread's first message: what there is. */
function threadChip(message, actions) {
  const count = message.thread?.count ?? 0;
  if (!count || actions.inThread) return null;
  return h(
    "button",
    {
      type: "button",
      class: "thread-chip",
      testid: "thread-chip",
      onclick: () => actions.showThread(message),
    },
    icon(ICONS.thread),
    plural(count, "reply", "replies"),
  );
}

/** The text; what begins with “/me” says what its sender does. */
function bodyOf({ body, sender_id: sender }) {
  if (!body.startsWith("/me "))
    return h("span", { class: "body", dir: "auto", testid: "body" }, linked(body));
  const deed = [h("b", {}, nameOf(sender)), body.slice(3)];
  return h("span", { class: "body deed", testid: "body" }, deed);
}

/** Lone emoji need no bubble, and the time stands on a lone picture. */
function lookOf({ body, reply_to: reply, attachments = [] }) {
  if (reply) return "";
  if (body) return !attachments.length && isJumbo(body) ? "jumbo" : "";
  return attachments.length && attachments.every(isPicture) ? "picture-only" : "";
}

const deletedLine = () =>
  h("span", { class: "deleted", testid: "body" }, icon(ICONS.block), "This message was deleted");

const senderLine = (id) => h("div", { class: "sender", "data-hue": hueOf(id) }, nameOf(id));

function meta(message, status, own, actions) {
  const mark = own && !message.deleted ? ticks(status) : null;
  if (mark && message.seq) mark.addEventListener("click", () => actions.showStatus(message));
  return h(
    "span",
    { class: "meta" },
    message.edited_at &&
      !message.deleted &&
      h(
        "span",
        { class: "edited", testid: "edited", title: fullTime(message.edited_at) },
        "edited",
      ),
    h(
      "time",
      { datetime: message.created_at, title: fullTime(message.created_at) },
      clock(message.created_at),
    ),
    mark,
  );
}

/** What a message answers. */
function quote(message, actions) {
  const quoted = message.reply_to.preview;
  return h(
    "button",
    {
      type: "button",
      class: "quote",
      testid: "quote",
      "data-hue": quoted ? hueOf(quoted.sender_id) : null,
      onclick: () => actions.showQuoted(message),
    },
    h("b", {}, quoted ? senderName(quoted.sender_id) : "Message"),
    h("span", {}, quoted ? summary(quoted) : "Not available"),
  );
}

const senderName = (id) => (id === client.store.userId ? "You" : nameOf(id));

function reactions(message, actions) {
  const mine = new Set(message.mine ?? []);
  const chips = (message.deleted ? [] : (message.reactions ?? [])).map(
    ({ key, count, user_ids: ids }) =>
      h(
        "button",
        {
          type: "button",
          class: "reaction",
          testid: "reaction",
          "data-key": key,
          "aria-pressed": String(mine.has(key)),
          "aria-label": `${key} ${count}`,
          title: ids.map(senderName).join(", "),
          onclick: () => actions.react(message, key),
        },
        h("span", { class: "emoji" }, key),
        h("span", { class: "reaction-count" }, String(count)),
      ),
  );
  return chips.length ? h("div", { class: "reactions" }, chips) : null;
}

function failure(message, actions) {
  if (!message.error) return null;
  return h(
    "div",
    { class: "failure", role: "alert", testid: "failure" },
    h("span", {}, reasonOf(message)),
    h(
      "button",
      { type: "button", class: "link", testid: "retry", onclick: () => actions.retry(message.key) },
      "Try again",
    ),
    h(
      "button",
      {
        type: "button",
        class: "link",
        testid: "discard",
        onclick: () => actions.discard(message.key),
      },
      "Discard",
    ),
  );
}

/** Why it was not sent; a person is not told which of two has blocked the other. */
function reasonOf({ error, conversation_id: id }) {
  const direct = client.store.conversations.get(id)?.info.kind === "direct";
  return direct && error.code === "forbidden"
    ? "They do not take messages from you."
    : error.message;
}
