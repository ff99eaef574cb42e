/** What else can be done with a message: thread, forward, pin, bookmark, its versions, a report. */
import { fill, h } from "./dom.js";
import { moment } from "./format.js";
import { ICONS } from "./icons.js";
import { attempt, dialog, menu, note } from "./overlay.js";
import { client, titleOf } from "./session.js";

const REASONS = {
  spam: "Spam",
  harassment: "Harassment",
  hate: "Hate",
  violence: "Violence",
  sexual: "Sexual content",
  self_harm: "Self-harm",
  illegal: "Something illegal",
  impersonation: "Pretending to be somebody",
  other: "Something else",
};
const LEADS = ["owner", "admin"];

/** The menu of a message that is there; `showThread(message)` opens its thread. */
export function messageMenu(anchor, message, { showThread }) {
  const state = client.store.conversations.get(message.conversation_id);
  const own = message.sender_id === client.store.userId;
  const leads = state.info.kind !== "group" || LEADS.includes(state.me.role);
  menu(anchor, [
    {
      label: "Reply in thread",
      testid: "thread-button",
      icon: ICONS.thread,
      run: () => showThread(message),
    },
    !["poll", "system", "encrypted"].includes(message.kind) && {
      label: "Forward",
      testid: "forward-button",
      icon: ICONS.send,
      run: () => openForward(message),
    },
    leads && {
      label: message.pinned ? "Unpin" : "Pin for all",
      testid: "pin-button",
      icon: ICONS.pin,
      run: () => attempt(() => client.messages.pin(message, !message.pinned)),
    },
    {
      label: "Bookmark",
      testid: "bookmark-button",
      icon: ICONS.bookmark,
      run: () => bookmark(message),
    },
    message.edited_at &&
      (own || leads) && {
        label: "Earlier versions",
        testid: "history-button",
        icon: ICONS.clock,
        run: () => openHistory(message),
      },
    !own && {
      label: "Report",
      testid: "report-button",
      icon: ICONS.warning,
      danger: true,
      run: () => openReport(message),
    },
  ]);
}

async function bookmark({ id }) {
  if (await attempt(() => client.request("bookmarks.add", { message_id: id })))
    note("Kept among your bookmarks, under People.");
}

function openForward(message) {
  const chosen = new Set();
  const send = h(
    "button",
    { type: "button", class: "button primary", testid: "forward-send", disabled: true },
    "Forward",
  );
  const rows = client.store.listConversations().map((state) => {
    const button = h(
      "button",
      {
        type: "button",
        class: "row",
        testid: "forward-to",
        "aria-pressed": "false",
        onclick: () => {
          if (!chosen.delete(state.id)) chosen.add(state.id);
          button.setAttribute("aria-pressed", String(chosen.has(state.id)));
          send.disabled = chosen.size === 0;
        },
      },
      h("span", { class: "row-text" }, h("span", { class: "row-name" }, titleOf(state))),
    );
    return h("li", {}, button);
  });
  const close = dialog(
    "Forward to",
    () => [h("ul", { class: "rows" }, rows), h("div", { class: "dialog-actions" }, send)],
    { testid: "forward-dialog" },
  );
  send.addEventListener("click", () =>
    attempt(async () => {
      const { items } = await client.messages.forward(message, [...chosen]);
      const failed = items.filter(({ error }) => error);
      close();
      note(failed.length ? `${failed.length} of ${items.length} could not be reached.` : "Sent.");
    }),
  );
}

function openHistory(message) {
  const list = h("ul", { class: "rows", testid: "history" });
  dialog("Earlier versions", () => list, { testid: "history-dialog" });
  attempt(async () => {
    const params = { conversation_id: message.conversation_id, message_id: message.id };
    const { items } = await client.request("messages.history", params);
    fill(
      list,
      items.map(({ body, created_at: at }) =>
        h(
          "li",
          { class: "row still" },
          h(
            "span",
            { class: "row-text" },
            h("span", { testid: "version" }, body),
            at && h("span", { class: "row-preview" }, moment(at)),
          ),
        ),
      ),
    );
  });
}

function openReport(message) {
  const reason = h(
    "select",
    { testid: "report-reason" },
    Object.entries(REASONS).map(([value, label]) => h("option", { value }, label)),
  );
  const said = h("input", { type: "text", maxlength: "500", testid: "report-note" });
  const send = async (event) => {
    event.preventDefault();
    const text = said.value.trim();
    const fields = { message_id: message.id, reason: reason.value, ...(text && { note: text }) };
    if (!(await attempt(() => client.request("reports.create", fields)))) return;
    close();
    note("Thank you. Somebody will look at it.");
  };
  const close = dialog(
    "Report this message",
    () =>
      h(
        "form",
        { class: "stack", onsubmit: send },
        h("label", { class: "field" }, h("span", {}, "What is wrong with it?"), reason),
        h("label", { class: "field" }, h("span", {}, "Anything to add?"), said),
        h(
          "div",
          { class: "dialog-actions" },
          h("button", { type: "submit", class: "button danger", testid: "send-report" }, "Report"),
        ),
      ),
    { testid: "report-dialog" },
  );
}
