/** What can be done with a message: one small toolbar that follows the pointer and the focus. */
import { h, icon } from "./dom.js";
import { ICONS } from "./icons.js";
import { float, menu } from "./overlay.js";
import { client } from "./session.js";

export const QUICK_REACTIONS = ["👍", "❤️", "😂", "😮", "😢", "🎉"];

/**
 * `attach(place, message)` puts the toolbar into a message's row. `actions`: `react(message, key)`,
 * `reply(message)`, `edit(message)`, `remove(message, "me" | "everyone")`, `mayDelete(message)`,
 * `more(anchor, message)`.
 */
export function messageToolbar(actions) {
  let message = null;
  const react = button("React", "react-button", ICONS.smile, () => pickReaction());
  const reply = button("Reply", "reply-button", ICONS.reply, () => actions.reply(message));
  const edit = button("Edit", "edit-button", ICONS.edit, () => actions.edit(message));
  const more = button("More", "more-button", ICONS.more, () => actions.more(more, message));
  const remove = button("Delete", "delete-button", ICONS.trash, () => chooseDelete());
  const element = h(
    "div",
    { class: "toolbar", role: "toolbar", "aria-label": "Message actions", testid: "toolbar" },
    react,
    reply,
    edit,
    more,
    remove,
  );

  function pickReaction() {
    const about = message;
    const picker = h("div", {
      class: "reaction-picker",
      role: "dialog",
      "aria-label": "React",
      testid: "reaction-picker",
    });
    for (const key of QUICK_REACTIONS) {
      const choose = () => {
        picker.hidePopover();
        actions.react(about, key);
      };
      const pressed = String((about.mine ?? []).includes(key));
      picker.append(
        h(
          "button",
          {
            type: "button",
            class: "emoji",
            testid: "reaction-choice",
            "data-key": key,
            "aria-label": key,
            "aria-pressed": pressed,
            onclick: choose,
          },
          key,
        ),
      );
    }
    float(react, picker, { above: true });
    picker.addEventListener("keydown", ({ key }) => {
      const step = { ArrowRight: "nextSibling", ArrowLeft: "previousSibling" }[key];
      if (step) document.activeElement[step]?.focus();
    });
  }

  function chooseDelete() {
    const about = message;
    menu(remove, [
      {
        label: "Delete for me",
        testid: "delete-me",
        icon: ICONS.trash,
        run: () => actions.remove(about, "me"),
      },
      !about.deleted &&
        actions.mayDelete(about) && {
          label: "Delete for everyone",
          testid: "delete-everyone",
          icon: ICONS.trash,
          danger: true,
          run: () => actions.remove(about, "everyone"),
        },
    ]);
  }

  return {
    /** The message under the pointer or the focus; null takes the toolbar away. */
    attach(place, next) {
      message = next;
      if (!next) {
        element.remove();
        return;
      }
      const own = next.sender_id === client.store.userId;
      edit.hidden = !own || Boolean(next.deleted) || !next.body;
      react.hidden = reply.hidden = more.hidden = Boolean(next.deleted);
      if (element.parentNode !== place) place.append(element);
    },
    element,
  };
}

function button(label, testid, paths, onclick) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, testid, onclick },
    icon(paths),
  );
}
