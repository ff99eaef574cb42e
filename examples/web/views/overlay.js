/** What lies over the page: menus, dialogs and passing notes. */
import { arrowKeys, h, icon } from "./dom.js";
import { ICONS } from "./icons.js";

const NOTE_MS = 5_000;

/** Put a floating element over or under its anchor, inside the window. */
function place(element, anchor, above) {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = element;
  const under = at.bottom + 6;
  const over = at.top - height - 6;
  const goesUnder = above ? over < 8 : under + height <= window.innerHeight - 8;
  const left = Math.min(Math.max(8, at.right - width), window.innerWidth - width - 8);
  element.style.top = `${goesUnder ? under : Math.max(8, over)}px`;
  element.style.left = `${left}px`;
}

/** Show something floating by an anchor, until a click elsewhere or Escape. */
export function float(anchor, element, { above = false } = {}) {
  element.popover = "auto";
  element.classList.add("floating");
  document.body.append(element);
  element.addEventListener("toggle", ({ newState }) => {
    if (newState !== "closed") return;
    element.remove();
    if (anchor.isConnected) anchor.focus({ preventScroll: true });
  });
  element.showPopover();
  place(element, anchor, above);
  element.querySelector("button").focus();
}

/** A menu of `{label, testid, danger, icon, run}`; absent items are left out. */
export function menu(anchor, items) {
  const element = h("div", { class: "menu", role: "menu" });
  for (const { label, testid, danger, icon: paths, run } of items.filter(Boolean)) {
    const choose = () => {
      element.hidePopover();
      run();
    };
    const look = danger ? "menu-item danger" : "menu-item";
    element.append(
      h(
        "button",
        { type: "button", role: "menuitem", class: look, testid, onclick: choose },
        icon(paths),
        label,
      ),
    );
  }
  arrowKeys(element, ".menu-item");
  float(anchor, element);
}

/**
 * A dialog with a title. `build(close)` makes its content. Escape and the backdrop close it.
 * @returns {() => void} how to close it
 */
export function dialog(title, build, { testid, wide = false } = {}) {
  const element = h("dialog", {
    class: wide ? "dialog wide" : "dialog",
    "aria-label": title,
    testid,
  });
  const close = () => element.close();
  element.append(
    h(
      "header",
      { class: "dialog-header" },
      h("h2", {}, title),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Close",
          testid: "dialog-close",
          onclick: close,
        },
        icon(ICONS.close),
      ),
    ),
    h("div", { class: "dialog-body" }, build(close)),
  );
  element.addEventListener("close", () => element.remove());
  element.addEventListener("mousedown", (event) => event.target === element && close());
  document.body.append(element);
  element.showModal();
  return close;
}

/** Ask before something that cannot be undone. Resolves to whether to go on. */
export function confirm(title, text, action) {
  return new Promise((resolve) => {
    let answer = false;
    const close = dialog(title, () => [
      h("p", { class: "dialog-text" }, text),
      h(
        "div",
        { class: "dialog-actions" },
        h("button", { type: "button", class: "button", onclick: () => close() }, "Cancel"),
        h(
          "button",
          {
            type: "button",
            class: "button danger",
            testid: "confirm",
            onclick: () => {
              answer = true;
              close();
            },
          },
          action,
        ),
      ),
    ]);
    const element = document.body.lastElementChild;
    element.addEventListener("close", () => resolve(answer));
  });
}

/** A note that passes. */
export function note(text, { error = false } = {}) {
  const notes = document.getElementById("notes");
  notes.popover = "manual";
  notes.hidePopover();
  notes.showPopover(); // Above whatever dialog is open.
  const element = h(
    "div",
    { class: error ? "note error" : "note", role: "status", testid: "note" },
    text,
  );
  notes.append(element);
  setTimeout(() => element.remove(), NOTE_MS);
}

/** Do something that asks the server; what goes wrong is said in a note. Answers whether it went. */
export async function attempt(task) {
  try {
    await task();
    return true;
  } catch (error) {
    note(error.message, { error: true });
    return false;
  }
}
