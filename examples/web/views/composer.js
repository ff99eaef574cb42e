/** Where messages are written: text, files, a reply or an edit. Enter sends. */
import { fill, h, icon, setAttribute } from "./dom.js";
import { summary } from "./format.js";
import { ICONS } from "./icons.js";
import { attempt } from "./overlay.js";
import { openNewPoll } from "./poll.js";
import { client, nameOf } from "./session.js";
import { uploadTray } from "./tray.js";

/** A composer for one conversation; `sent()` is called after each message. */
export function composer(id, { sent }) {
  const text = h("textarea", {
    rows: "1",
    dir: "auto",
    placeholder: "Write a message",
    "aria-label": "Message",
    testid: "composer",
    enterkeyhint: "send",
    oninput: typed,
    onkeydown: keys,
    onpaste: paste,
  });
  const tray = uploadTray(() => ready());
  const about = h("div", { class: "about", hidden: true });
  const picker = h("input", {
    type: "file",
    multiple: true,
    hidden: true,
    testid: "file-input",
    onchange: picked,
  });
  const send = h(
    "button",
    { type: "submit", class: "send", "aria-label": "Send", title: "Send", testid: "send" },
    icon(ICONS.send),
  );
  const element = h(
    "form",
    { class: "composer", onsubmit: submit, novalidate: true },
    about,
    tray.element,
    h(
      "div",
      { class: "composer-line" },
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Attach files",
          title: "Attach files",
          testid: "attach",
          onclick: () => picker.click(),
        },
        icon(ICONS.attach),
      ),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Make a poll",
          title: "Make a poll",
          testid: "new-poll",
          onclick: () => openNewPoll(id),
        },
        icon(ICONS.poll),
      ),
      picker,
      text,
      send,
    ),
  );
  let replying = null;
  let editing = null;

  function ready() {
    const something = text.value.trim() || (!editing && tray.attachments.length);
    send.disabled = !something || tray.uploading;
    return !send.disabled;
  }

  function resize() {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  }

  function typed() {
    resize();
    ready();
    if (editing) return;
    client.setTyping(id, Boolean(text.value.trim()));
    client.drafts.set(id, draft());
  }

  const draft = () => (text.value.trim() ? text.value : "");

  function keys(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) submit(event);
    else if (event.key === "Escape" && (replying || editing)) setAbout({});
    else if (event.key === "ArrowUp" && !text.value && !replying) editLast(event);
    else return;
    event.stopPropagation();
  }

  function editLast(event) {
    const own = ({ sender_id: sender, deleted, body }) =>
      sender === client.store.userId && !deleted && body;
    const last = client.store.listMessages(id).findLast(own);
    if (!last) return;
    event.preventDefault();
    edit(last);
  }

  async function submit(event) {
    event.preventDefault();
    if (!ready()) return;
    const body = text.value.trim();
    if (editing) {
      const message = editing;
      if (body === message.body || (await attempt(() => client.messages.edit(message, body))))
        setAbout({});
      return;
    }
    client.messages.send(id, { body, uploads: tray.attachments, replyTo: replying });
    tray.clear();
    setAbout({});
    write("");
    client.drafts.set(id, "");
    text.focus();
    sent();
  }

  function write(value) {
    text.value = value;
    resize();
    ready();
  }

  /** Show what the next message is about: a message to answer, or one to change. */
  function setAbout({ reply = null, edit: changed = null }) {
    if (editing && !changed) write(client.drafts.get(id));
    replying = reply;
    editing = changed;
    const message = reply ?? changed;
    about.hidden = !message;
    setAttribute(send, "aria-label", changed ? "Save" : "Send");
    fill(send, icon(changed ? ICONS.check : ICONS.send));
    if (!message) return;
    const title = changed
      ? "Edit message"
      : `Reply to ${message.sender_id === client.store.userId ? "yourself" : nameOf(message.sender_id)}`;
    fill(
      about,
      icon(changed ? ICONS.edit : ICONS.reply),
      h("span", { class: "about-text" }, h("b", {}, title), h("span", {}, summary(message))),
      h(
        "button",
        {
          type: "button",
          class: "icon-button small",
          "aria-label": "Cancel",
          testid: "cancel-about",
          onclick: () => setAbout({}),
        },
        icon(ICONS.close),
      ),
    );
    text.focus();
  }

  function edit(message) {
    setAbout({ edit: message });
    write(message.body ?? "");
    text.setSelectionRange(text.value.length, text.value.length);
  }

  function picked() {
    tray.add(picker.files);
    picker.value = "";
    text.focus();
  }

  function paste(event) {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    tray.add(files);
  }

  text.value = client.drafts.get(id);
  ready();
  return {
    element,
    focus: () => text.focus({ preventScroll: true }),
    fit: resize,
    reply: (message) => setAbout({ reply: message }),
    edit,
    addFiles: (files) => tray.add(files),
    /** Take over what was written on another device, unless it is being written here. */
    update() {
      if (editing || document.activeElement === text || client.drafts.waits(id)) return;
      if (draft() !== client.drafts.get(id)) write(client.drafts.get(id));
    },
    close() {
      client.setTyping(id, false);
      tray.clear();
    },
  };
}
