/** Opening conversations: direct ones, new groups, and more people for a group. */
import { h } from "./dom.js";
import { plural } from "./format.js";
import { attempt, dialog } from "./overlay.js";
import { peoplePicker } from "./people.js";
import { client } from "./session.js";

/** Open or find a conversation, as `conversations.create` is asked, and call `open(id)`. */
export function start(fields, open) {
  return attempt(async () => open((await client.createConversation(fields)).id));
}

/** A dialog that makes a group and then calls `open(id)`. */
export function openNewGroup(open) {
  const title = h("input", {
    type: "text",
    placeholder: "Name of the group",
    "aria-label": "Name of the group",
    maxlength: "80",
    testid: "group-title",
  });
  const make = h(
    "button",
    { type: "submit", class: "button primary", testid: "create-group", disabled: true },
    "Create group",
  );
  const picker = peoplePicker({ exclude: () => false, changed: () => ready() });
  const ready = () => (make.disabled = !title.value.trim());
  title.addEventListener("input", ready);

  const close = dialog(
    "New group",
    () =>
      h(
        "form",
        {
          class: "stack",
          onsubmit: (event) => {
            event.preventDefault();
            const fields = { kind: "group", title: title.value.trim(), member_ids: picker.ids() };
            start(fields, (id) => {
              close();
              open(id);
            });
          },
        },
        h("label", { class: "field" }, h("span", {}, "Name"), title),
        picker.element,
        h("div", { class: "dialog-actions" }, make),
      ),
    { testid: "new-group-dialog" },
  );
  title.focus();
}

/** A dialog that adds people to a group. */
export function openAddMembers(state) {
  const add = h(
    "button",
    { type: "button", class: "button primary", testid: "add-chosen", disabled: true },
    "Add",
  );
  const picker = peoplePicker({
    exclude: ({ id }) => Boolean(state.roster.get(id)),
    changed: (ticked) => {
      add.disabled = ticked.size === 0;
      add.textContent = ticked.size ? `Add ${plural(ticked.size, "person", "people")}` : "Add";
    },
  });
  const close = dialog(
    "Add people",
    () => [picker.element, h("div", { class: "dialog-actions" }, add)],
    { testid: "add-members-dialog" },
  );
  add.addEventListener("click", () =>
    attempt(async () => {
      await client.request("members.add", { conversation_id: state.id, user_ids: picker.ids() });
      close();
    }),
  );
}
