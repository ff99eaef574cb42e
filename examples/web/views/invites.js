/** Links into a group: made, copied and ended by those who lead it. */
import { fill, h, icon } from "./dom.js";
import { moment, plural } from "./format.js";
import { ICONS } from "./icons.js";
import { attempt, dialog, note } from "./overlay.js";
import { client } from "./session.js";

const WEEK_S = 7 * 86_400;
const LIFETIMES = { "A day": 86_400, "A week": WEEK_S, "A month": 30 * 86_400, "For ever": null };

/** What to pass on: this page, at the address that joins. */
const linkOf = (code) => new URL(`#/join/${encodeURIComponent(code)}`, location.href).href;

/** The dialog with the links into a group. */
export function openInvites(id) {
  const ask = (method, fields = {}) => client.request(method, { conversation_id: id, ...fields });
  const list = h("ul", { class: "rows", testid: "invite-list", "aria-label": "Links" });
  const made = h("input", {
    type: "text",
    readonly: true,
    hidden: true,
    "aria-label": "Link",
    testid: "invite-link",
    onfocus: () => made.select(),
  });
  const lifetime = h(
    "select",
    { testid: "invite-lifetime" },
    Object.entries(LIFETIMES).map(([label, seconds]) =>
      h("option", { value: seconds ?? "", selected: seconds === WEEK_S }, label),
    ),
  );
  const uses = h("input", {
    type: "number",
    min: "1",
    max: "1000",
    placeholder: "Any number",
    testid: "invite-uses",
  });

  const load = () =>
    attempt(async () => {
      const { items } = await ask("invites.list");
      fill(
        list,
        items.map((invite) => inviteRow(invite, revoke)),
      );
    });
  const revoke = (invite) =>
    attempt(async () => {
      await ask("invites.revoke", { invite_id: invite.id });
      await load();
    });
  const create = (event) => {
    event.preventDefault();
    attempt(async () => {
      const bounds = {
        ...(lifetime.value && { expires_in: Number(lifetime.value) }),
        ...(uses.value && { max_uses: Number(uses.value) }),
      };
      const { code } = await ask("invites.create", bounds);
      made.value = linkOf(code);
      made.hidden = false;
      await load();
      await copy(made.value);
    });
  };
  load();
  dialog(
    "Invite by link",
    () => [
      h(
        "form",
        { class: "stack", onsubmit: create },
        h("label", { class: "field" }, h("span", {}, "Works for"), lifetime),
        h("label", { class: "field" }, h("span", {}, "People"), uses),
        h(
          "div",
          { class: "dialog-actions" },
          h(
            "button",
            { type: "submit", class: "button primary", testid: "create-invite" },
            "Make a link",
          ),
        ),
      ),
      made,
      list,
    ],
    { testid: "invites-dialog" },
  );
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    note("The link is copied.");
  } catch {
    note("Copy the link from the field."); // The browser keeps its clipboard to itself.
  }
}

function inviteRow(invite, revoke) {
  const used = invite.max_uses
    ? `${invite.uses} of ${plural(invite.max_uses, "use")}`
    : plural(invite.uses, "use");
  const ends = invite.expires_at ? `ends ${moment(invite.expires_at)}` : "for ever";
  return h(
    "li",
    { class: "row still", testid: "invite" },
    h(
      "span",
      { class: "row-text" },
      h("span", { class: "row-name" }, `Made ${moment(invite.created_at)}`),
      h("span", { class: "row-preview" }, `${used} · ${ends}`),
    ),
    h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": "End this link",
        title: "End this link",
        testid: "revoke-invite",
        onclick: () => revoke(invite),
      },
      icon(ICONS.close),
    ),
  );
}
