/** What one shows of oneself, and to whom. */
import { h } from "./dom.js";
import { attempt } from "./overlay.js";
import { client } from "./session.js";

const AUDIENCES = { everyone: "Everyone", contacts: "My contacts", nobody: "Nobody" };
const QUESTIONS = {
  presence: "Who sees that I am online",
  last_seen: "Who sees when I was last here",
  typing: "Who sees me typing",
  receipts: "Who sees what I have read",
  messages: "Who may write to me",
};

/** The section of the account dialog; each choice holds at once. */
export function privacySection() {
  const held = client.store.me.settings ?? {};
  return h(
    "details",
    { class: "privacy", testid: "privacy" },
    h("summary", { class: "section-title" }, "Privacy"),
    Object.entries(QUESTIONS).map(([name, question]) => choice(name, question, held[name])),
    h("p", { class: "dialog-text" }, "If nobody sees what you have read, you see nobody's."),
  );
}

function choice(name, question, held = "everyone") {
  const select = h(
    "select",
    {
      testid: `privacy-${name}`,
      onchange: () =>
        attempt(async () => {
          const fields = { settings: { [name]: select.value } };
          client.store.putMe(await client.request("accounts.update", fields));
        }),
    },
    Object.entries(AUDIENCES).map(([value, label]) =>
      h("option", { value, selected: value === held }, label),
    ),
  );
  return h("label", { class: "field" }, h("span", {}, question), select);
}
