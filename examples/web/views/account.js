/** One's own account: profile, presence, sessions, logging out. */
import { avatar, ofUser } from "./avatar.js";
import { fill, h, icon } from "./dom.js";
import { moment } from "./format.js";
import { ICONS } from "./icons.js";
import { attempt, dialog, note } from "./overlay.js";
import { privacySection } from "./privacy.js";
import { client } from "./session.js";

const STATUSES = { online: "Online", away: "Away", dnd: "Do not disturb", invisible: "Invisible" };
let chosenStatus = "online";

/** The dialog; `logOut()` ends the session. */
export function openAccount(logOut) {
  const close = dialog(
    "Your account",
    () => [
      whoAmI(),
      profileForm(),
      statusField(),
      privacySection(),
      sessions(),
      h(
        "div",
        { class: "dialog-actions" },
        h(
          "button",
          {
            type: "button",
            class: "button danger",
            testid: "logout",
            onclick: () => {
              close();
              logOut();
            },
          },
          "Log out",
        ),
      ),
    ],
    { testid: "account-dialog" },
  );
}

function whoAmI() {
  const { me } = client.store;
  const face = avatar("large");
  face.show(ofUser(me, me.id));
  const names = h("span", {}, h("b", {}, me.display_name), h("small", {}, `@${me.username}`));
  return h("div", { class: "account-face" }, face.element, names);
}

function profileForm() {
  const { me } = client.store;
  const name = h("input", {
    type: "text",
    value: me.display_name ?? "",
    maxlength: "80",
    required: true,
    testid: "profile-display-name",
  });
  const bio = h("input", {
    type: "text",
    value: me.bio ?? "",
    maxlength: "200",
    placeholder: "A line about you",
    testid: "profile-bio",
  });
  const save = async (event) => {
    event.preventDefault();
    const fields = {
      display_name: name.value.trim() || me.display_name,
      bio: bio.value.trim() || null,
    };
    const done = await attempt(async () =>
      client.store.putMe(await client.request("users.update", fields)),
    );
    if (done) note("Saved.");
  };
  return h(
    "form",
    { class: "stack", onsubmit: save },
    h("label", { class: "field" }, h("span", {}, "Name"), name),
    h("label", { class: "field" }, h("span", {}, "About"), bio),
    h(
      "div",
      { class: "dialog-actions" },
      h("button", { type: "submit", class: "button", testid: "save-profile" }, "Save"),
    ),
  );
}

function statusField() {
  const select = h(
    "select",
    {
      testid: "presence-status",
      onchange: () =>
        attempt(async () => {
          await client.request("presence.set", { status: select.value });
          chosenStatus = select.value;
        }),
    },
    Object.entries(STATUSES).map(([value, label]) =>
      h("option", { value, selected: value === chosenStatus }, label),
    ),
  );
  return h("label", { class: "field" }, h("span", {}, "Others see me as"), select);
}

function sessions() {
  const list = h("ul", { class: "rows sessions", testid: "sessions" });
  const load = () =>
    attempt(async () => {
      const { items } = await client.request("sessions.list");
      fill(
        list,
        items.map((session) => sessionRow(session, load)),
      );
    });
  load();
  return h("section", {}, h("h3", { class: "section-title" }, "Where you are logged in"), list);
}

function sessionRow({ id, user_agent: agent, address, last_used_at: used, current }, reload) {
  const revoke = () =>
    attempt(async () => {
      await client.request("sessions.revoke", { session_id: id });
      await reload();
    });
  return h(
    "li",
    { class: "row still", testid: "session", "data-id": id },
    h(
      "span",
      { class: "row-text" },
      h(
        "span",
        { class: "row-name" },
        browserOf(agent),
        current && h("span", { class: "role" }, "this one"),
      ),
      h("span", { class: "row-preview" }, [address, moment(used)].filter(Boolean).join(" · ")),
    ),
    !current &&
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "End this session",
          title: "End this session",
          testid: "revoke-session",
          onclick: revoke,
        },
        icon(ICONS.close),
      ),
  );
}

/** A few words for a user agent. */
function browserOf(agent) {
  if (!agent) return "Unknown device";
  const name = ["Edg", "OPR", "Firefox", "Chrome", "Safari"].find((one) => agent.includes(one));
  const system = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"].find((one) =>
    agent.includes(one),
  );
  const known = { Edg: "Edge", OPR: "Opera" }[name] ?? name;
  return known ? [known, system].filter(Boolean).join(" on ") : agent.slice(0, 40);
}
