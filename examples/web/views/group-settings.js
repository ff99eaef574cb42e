/** How a group behaves, set by those who lead it; and who is kept out. */
import { fill, h } from "./dom.js";
import { attempt, dialog, note } from "./overlay.js";
import { client, nameOf } from "./session.js";

const SWITCHES = {
  announcement: "Only admins write",
  public: "Anyone may find and join",
  frozen: "Frozen: nobody writes",
};
const LIVES = { Never: null, "After a day": 86_400, "After a week": 604_800 };
const PAUSES = { Off: 0, "10 seconds": 10, "1 minute": 60, "5 minutes": 300, "1 hour": 3_600 };

/** The dialog; each change is made at once. */
export function openGroupSettings(state) {
  const { settings } = state.info;
  const set = (fields) => attempt(() => client.updateConversation(state.id, { settings: fields }));
  const switches = Object.entries(SWITCHES).map(([name, label]) =>
    toggle(label, `setting-${name}`, settings[name], (value) => set({ [name]: value })),
  );
  const history = toggle(
    "New members see what was said before",
    "setting-history",
    settings.history === "shared",
    (value) => set({ history: value ? "shared" : "joined" }),
  );
  const pause = h(
    "select",
    {
      testid: "setting-slow-mode",
      onchange: () => set({ slow_mode_s: Number(pause.value) }),
    },
    Object.entries(PAUSES).map(([label, seconds]) =>
      h("option", { value: seconds, selected: seconds === (settings.slow_mode_s ?? 0) }, label),
    ),
  );
  const life = h(
    "select",
    {
      testid: "setting-expire",
      onchange: () => set({ expire_after_s: life.value ? Number(life.value) : null }),
    },
    Object.entries(LIVES).map(([label, seconds]) =>
      h(
        "option",
        { value: seconds ?? "", selected: seconds === (settings.expire_after_s ?? null) },
        label,
      ),
    ),
  );
  const bans = banList(state.id);
  dialog(
    "Group settings",
    () => [
      ...switches,
      history,
      h("label", { class: "field" }, h("span", {}, "Pause between messages"), pause),
      h("label", { class: "field" }, h("span", {}, "New messages disappear"), life),
      bans,
    ],
    { testid: "group-settings" },
  );
}

function toggle(label, testid, value, change) {
  const box = h("input", {
    type: "checkbox",
    role: "switch",
    testid,
    checked: Boolean(value),
    onchange: async () => {
      if (!(await change(box.checked))) box.checked = !box.checked;
    },
  });
  return h("label", { class: "switch" }, h("span", {}, label), box);
}

function banList(id) {
  const element = h("section", { testid: "bans" });
  const ask = (method, fields) => client.request(method, { conversation_id: id, ...fields });
  const load = () =>
    attempt(async () => {
      const { items, users } = await ask("members.bans");
      client.store.putUsers(users);
      fill(
        element,
        items.length > 0 && h("h3", { class: "section-title" }, "Banned"),
        items.map(({ user_id: userId }) => row(userId)),
      );
    });
  const row = (userId) =>
    h(
      "div",
      { class: "row still", testid: "ban" },
      h("span", { class: "row-text" }, h("span", { class: "row-name" }, nameOf(userId))),
      h(
        "button",
        {
          type: "button",
          class: "button quiet",
          testid: "unban",
          onclick: () =>
            attempt(async () => {
              await ask("members.unban", { user_id: userId });
              note(`${nameOf(userId)} may come back.`);
              await load();
            }),
        },
        "Unban",
      ),
    );
  load();
  return element;
}
