/** A poll in a message, and the dialog that makes one. */
import { h, icon } from "./dom.js";
import { moment, plural } from "./format.js";
import { ICONS } from "./icons.js";
import { attempt, dialog } from "./overlay.js";
import { client, nameOf } from "./session.js";

const MOST_OPTIONS = 10;

/** The poll of a message: its options, how many chose each, and one's own choice. */
export function pollOf(message) {
  const { poll } = message;
  const closed = isClosed(poll);
  const said = [
    plural(poll.voters ?? 0, "vote"),
    poll.multiple && "choose several",
    poll.anonymous && "anonymous",
    closed ? "closed" : poll.closes_at && `until ${moment(poll.closes_at)}`,
  ];
  return h(
    "div",
    { class: "poll", testid: "poll" },
    h("b", { class: "poll-question", testid: "body", dir: "auto" }, poll.question),
    poll.options.map((option, index) => optionRow(message, option, index, closed)),
    h("small", { class: "poll-said" }, said.filter(Boolean).join(" · ")),
  );
}

const isClosed = ({ closed_at: at, closes_at: by }) =>
  at != null || (by != null && Date.parse(by) <= client.store.now);

function optionRow(message, option, index, closed) {
  const { poll } = message;
  const mine = poll.mine ?? [];
  const chosen = mine.includes(index);
  const share = poll.voters ? Math.round((100 * option.count) / poll.voters) : 0;
  const vote = () => {
    const rest = poll.multiple ? mine.filter((one) => one !== index) : [];
    const options = chosen ? rest : [...rest, index].sort((a, b) => a - b);
    attempt(() => client.messages.vote(message, options));
  };
  const bar = h("span", { class: "poll-bar" });
  bar.style.width = `${share}%`;
  return h(
    "button",
    {
      type: "button",
      class: "poll-option",
      testid: "poll-option",
      "aria-pressed": String(chosen),
      disabled: closed || !message.seq,
      title: (option.user_ids ?? []).map(nameOf).join(", ") || null,
      onclick: vote,
    },
    bar,
    h("span", { class: "poll-text" }, chosen && icon(ICONS.check), option.text),
    h("span", { class: "poll-count" }, `${option.count ?? 0}`),
  );
}

/** A dialog that asks a conversation something. */
export function openNewPoll(conversationId) {
  const question = h("input", {
    type: "text",
    maxlength: "300",
    required: true,
    testid: "poll-question",
  });
  const options = h("div", { class: "stack" });
  const multiple = h("input", { type: "checkbox", testid: "poll-multiple" });
  const anonymous = h("input", { type: "checkbox", testid: "poll-anonymous" });
  const more = () => {
    if (options.childElementCount >= MOST_OPTIONS) return;
    const label = `Option ${options.childElementCount + 1}`;
    const input = h("input", {
      type: "text",
      maxlength: "80",
      placeholder: label,
      "aria-label": label,
      testid: "poll-new-option",
      oninput: () => input === options.lastElementChild && more(),
    });
    options.append(input);
  };
  const texts = () => [
    ...new Set([...options.children].map(({ value }) => value.trim()).filter(Boolean)),
  ];
  const ask = (event) => {
    event.preventDefault();
    if (!question.value.trim() || texts().length < 2) return;
    client.messages.send(conversationId, {
      poll: {
        question: question.value.trim(),
        options: texts(),
        multiple: multiple.checked,
        anonymous: anonymous.checked,
      },
    });
    close();
  };
  for (let count = 0; count < 2; count += 1) more();
  const close = dialog(
    "New poll",
    () =>
      h(
        "form",
        { class: "stack", onsubmit: ask },
        h("label", { class: "field" }, h("span", {}, "Question"), question),
        options,
        h("label", { class: "switch" }, h("span", {}, "Several may be chosen"), multiple),
        h("label", { class: "switch" }, h("span", {}, "Nobody sees who chose what"), anonymous),
        h(
          "div",
          { class: "dialog-actions" },
          h("button", { type: "submit", class: "button primary", testid: "send-poll" }, "Ask"),
        ),
      ),
    { testid: "poll-dialog" },
  );
  question.focus();
}

/** Where somebody is, or whom they speak of. */
export function cardOf({ location, contact }) {
  if (location) {
    const { latitude, longitude, name } = location;
    const url = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}`;
    return h(
      "a",
      { class: "body", testid: "body", href: url, target: "_blank", rel: "noopener noreferrer" },
      `📍 ${name ?? `${latitude}, ${longitude}`}`,
    );
  }
  const { name, phone, email, user_id: userId } = contact;
  const line = [name ?? (userId && nameOf(userId)), phone, email].filter(Boolean).join(" · ");
  return h("span", { class: "body", testid: "body" }, `👤 ${line}`);
}
