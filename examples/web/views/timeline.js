/**
 * The messages of one conversation. Keeps its place while older ones come in above, follows the
 * newest while it is at the end, and tells how far a person has seen.
 */
import { fill, h, icon, reconcile, setText } from "./dom.js";
import { listNames, plural } from "./format.js";
import { ICONS } from "./icons.js";
import { beginning, itemsOf } from "./items.js";
import { messageRow } from "./message.js";
import { attempt } from "./overlay.js";
import { client, nameOf } from "./session.js";

const NEAR_END_PX = 60;
const LOAD_WITHIN_PX = 600;

/** A timeline for one conversation; `actions` go to its rows and `toolbar` to the one in hand. */
export function timeline(id, { actions, toolbar }) {
  const rows = h("div", { class: "timeline-rows" });
  const top = h("div", { class: "timeline-top" });
  const typing = h("div", {
    class: "typing-line",
    testid: "typing",
    "aria-live": "polite",
    hidden: true,
  });
  const column = h("div", { class: "timeline-column" }, top, rows, typing);
  const scroller = h(
    "div",
    {
      class: "timeline",
      role: "log",
      "aria-label": "Messages",
      "aria-live": "off",
      tabindex: "0",
      testid: "timeline",
    },
    column,
  );
  const jumpCount = h("span", { class: "jump-count" });
  const jump = h(
    "button",
    {
      type: "button",
      class: "jump",
      testid: "jump-latest",
      "aria-label": "Go to the newest message",
      hidden: true,
      onclick: () => jumpToEnd(),
    },
    jumpCount,
    icon(ICONS.down),
  );
  const element = h("div", { class: "timeline-frame" }, scroller, jump);
  let following = true;
  let loading = false;
  let seenSeq = 0;
  /** Where “new messages” begins: the read mark as the conversation was opened. */
  let newAfter = null;
  let drawnItems = [];

  const state = () => client.store.conversations.get(id);

  function update() {
    const current = state();
    if (!current) return;
    newAfter ??= current.me.unread ? current.me.read_seq : Infinity;
    const anchor = following ? null : firstVisible();
    drawnItems = itemsOf(current, newAfter);
    reconcile(
      rows,
      drawnItems,
      ({ key }) => key,
      (item) => (item.type === "message" ? messageRow(actions) : separator(item)),
    );
    drawTop(current);
    drawTyping();
    if (following) toEnd();
    else if (anchor) keepPlace(anchor);
    drawJump();
    fillUp(current);
  }

  function drawTop(current) {
    const { window } = current;
    if (!window.loaded || !window.complete)
      fill(top, h("span", { class: "spinner", role: "status", "aria-label": "Loading" }));
    else fill(top, beginning(current, drawnItems));
  }

  function drawTyping() {
    const names = client.typingIn(id).map(nameOf);
    typing.hidden = names.length === 0;
    const dots = h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    fill(
      typing,
      dots,
      names.length ? `${listNames(names)} ${names.length > 1 ? "are" : "is"} typing` : "",
    );
  }

  function drawJump() {
    jump.hidden = following;
    const below = client.store
      .listMessages(id)
      .filter(({ seq, sender_id: sender }) => seq > seenSeq && sender !== client.store.userId);
    setText(jumpCount, below.length ? plural(below.length, "new message") : "");
  }

  /** A message: the separator above it is another one once older messages are there. */
  function firstVisible() {
    const edge = scroller.getBoundingClientRect().top;
    for (const element of rows.querySelectorAll(".message")) {
      const box = element.getBoundingClientRect();
      if (box.bottom > edge) return { element, top: box.top };
    }
    return null;
  }

  /** Setting the place, even to the same, would end a smooth scroll. */
  function keepPlace({ element: row, top: before }) {
    const moved = row.getBoundingClientRect().top - before;
    if (moved) scroller.scrollTop += moved;
  }

  /** Smoothly where the way is short. */
  function jumpToEnd() {
    const way = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    toEnd(way < 2 * scroller.clientHeight ? "smooth" : "instant");
  }

  function toEnd(behavior = "instant") {
    scroller.scrollTo({ top: scroller.scrollHeight, behavior });
  }

  /** Older messages, before the person reaches the top, and until the window is filled. */
  async function fillUp({ window }) {
    if (loading || !window.loaded || window.complete || scroller.scrollTop > LOAD_WITHIN_PX) return;
    if (!element.isConnected || client.state !== "online") return;
    loading = true;
    await attempt(() => client.messages.loadOlder(id));
    loading = false;
  }

  /** The highest seq that is on screen, or has been. */
  function seen() {
    const edge = scroller.getBoundingClientRect().bottom;
    const elements = [...rows.querySelectorAll("[data-seq]")];
    const last = elements.findLast((one) => one.getBoundingClientRect().top < edge);
    seenSeq = Math.max(seenSeq, Number(last?.dataset.seq ?? 0));
    return seenSeq;
  }

  function scrolled() {
    following = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END_PX;
    seen();
    drawJump();
    if (state()) fillUp(state());
    actions.seen();
  }

  /** A finger does not hover: there, touching a message focuses it. */
  function point(event) {
    const row = event.target.closest(".message");
    if (!row || event.pointerType === "touch") return;
    const message = row.dataset.id && state()?.window.get(row.dataset.id);
    const place = row.querySelector(".message-content");
    toolbar.attach(place, message && message.kind !== "system" ? message : null);
  }

  function keys(event) {
    const step = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
    const row = event.target.closest(".message");
    if (!step || event.target.closest("[role=toolbar]")) return;
    let next = row ? row[step] : rows.lastElementChild;
    while (next && !next.classList.contains("message")) next = next[step];
    next?.focus();
    event.preventDefault();
  }

  scroller.addEventListener("scroll", scrolled, { passive: true });
  scroller.addEventListener("pointerover", point);
  scroller.addEventListener("focusin", point);
  scroller.addEventListener("pointerleave", ({ pointerType }) => {
    if (pointerType !== "touch") toolbar.attach(null, null);
  });
  scroller.addEventListener("keydown", keys);
  const resizes = new ResizeObserver(() => following && toEnd());
  resizes.observe(scroller);
  resizes.observe(column);

  return {
    element,
    update,
    seen,
    toEnd: () => {
      following = true;
      toEnd();
    },
    /** Bring a message into view, fetching back to it, and point it out. */
    async reveal(place) {
      if (!(await client.messages.loadBackTo(id, place))) return false;
      following = false;
      update();
      const row = rows.querySelector(`[data-id="${CSS.escape(place.message_id)}"]`);
      row?.scrollIntoView({ block: "center" });
      row?.focus({ preventScroll: true });
      row?.classList.add("revealed");
      setTimeout(() => row?.classList.remove("revealed"), 1_600);
      return Boolean(row);
    },
    close: () => resizes.disconnect(),
  };
}

function separator({ type, label }) {
  const text = h("span", {}, label);
  const element = h(
    "div",
    {
      class: `separator ${type}`,
      role: "separator",
      "aria-label": label,
      testid: `${type}-separator`,
    },
    text,
  );
  return { element, update: (item) => setText(text, item.label) };
}
