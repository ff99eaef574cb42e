/**
 * The page: logs in, puts the views together, and draws what the client says has changed.
 *
 * Elements that a test can rely on, by `data-testid`:
 *
 * - logging in: `login-form`, `show-login`, `show-signup`, `username`, `display-name` (when signing
 *   up), `password`, `login-submit`, `signup-submit`, `form-error`
 * - the left side: `tab-chats`, `tab-people`, `search`, `account`; `conversation-list` with
 *   `conversation` (`data-id`, `aria-current`), each with `preview`, `ticks` and `unread-badge`;
 *   `found-messages` with `found-message` while something is searched;
 *   under People `people` with `person-<username>`, `saved-messages`, `new-group`;
 *   `find-people` where there is no conversation; `show-archived`; each row's `conversation-more`
 *   (or a right click) has `toggle-pin`, `mute`, `mute-night` or `unmute`, `toggle-unread`,
 *   `toggle-archive`, `clear`; under People `discover` (then `public-group`),
 *   `contact-requests` with `contact-request`, `open-bookmarks` (then `bookmark` with `remove-bookmark`)
 * - a new group: `group-title`, `picker-search`, `person-<username>`, `create-group`
 * - a conversation: `conversation-title`, `presence` (`data-status`; of a direct one),
 *   `member-count` (of a group), `back`, `details`, `timeline`, `day-separator`, `new-separator`,
 *   `typing`, `jump-latest`, `composer`, `send`, `attach`, `file-input`, `cancel-about`
 * - `message` (`data-seq`, `data-id`, `data-key`; own ones `data-status` sent | delivered | read |
 *   pending | failed), with `body`, `ticks`, `edited`, `quote`, `reaction` (`data-key`,
 *   `aria-pressed`), `image-preview`, `file`, and where sending failed `failure`, `retry`, `discard`
 * - on the message under the pointer or the focus, one `toolbar`: `react-button` (then
 *   `reaction-choice` with `data-key`), `reply-button`, `edit-button`, `delete-button` (then
 *   `delete-me` or `delete-everyone`, which asks for `confirm`), `more-button` (then
 *   `thread-button`, `forward-button`, `pin-button`, `bookmark-button`, `history-button`,
 *   `report-button`)
 * - in a message `poll` with `poll-option`, `in-thread`, `thread-chip`, `forwarded`, `pinned`;
 *   `thread-dialog` with `thread`, `thread-composer`, `thread-send`; `new-poll` (then
 *   `poll-question`, `poll-new-option`, `poll-multiple`, `poll-anonymous`, `send-poll`)
 * - uploads: `upload-tray`, `upload-item` (`data-state` uploading | done | failed),
 *   `upload-progress`, `upload-remove`; `lightbox`, `lightbox-image`, `lightbox-close`
 * - details: `details-panel`, `close-details`, `profile-name`, `profile-presence`, `block`,
 *   `unblock`, `add-contact`, `withdraw-contact`, `accept-contact`, `refuse-contact`,
 *   `remove-contact`; of a group `rename-title` or `group-name`, `add-members` (then `person-<username>`,
 *   `add-chosen`), `member-list` with `member` (`data-user`) and `role`, whose menu has
 *   `message-member`, `make-owner`, `make-admin`, `make-member`, `remove-member`, `ban-member`;
 *   `invites` (then `invite-lifetime`, `invite-uses`, `create-invite`, `invite-link`, `invite` with
 *   `revoke-invite`), `group-settings` (then `setting-announcement`, `setting-public`,
 *   `setting-frozen`, `setting-history`, `setting-slow-mode`, `setting-expire`, `ban` with `unban`); `leave-group`,
 *   `delete-group`
 * - the account: `profile-display-name`, `profile-bio`, `save-profile`, `presence-status`,
 *   `privacy` with `privacy-<what>`, `sessions` with `session` and `revoke-session`, `logout`
 * - everywhere: `offline-banner` with `reconnect`, `note`, `confirm`, `dialog-close`;
 *   `document.body.dataset.connection` is the client's state, `data-ready` once it is up to date
 *
 * The page's policy forbids evaluating strings: wait for locators, not for functions given as text.
 */
import { authView } from "./views/auth.js";
import { chat, emptyChat } from "./views/chat.js";
import { details } from "./views/details.js";
import { fill, h } from "./views/dom.js";
import { summary } from "./views/format.js";
import { releaseAll } from "./views/media.js";
import { attempt, note } from "./views/overlay.js";
import { client, nameOf, storeToken, storedToken } from "./views/session.js";
import { sidebar } from "./views/sidebar.js";

const WATCHED_MEMBERS = 200;
const app = document.getElementById("app");
const news = document.getElementById("news");
const banner = offlineBanner();
const main = h("main", { class: "main" });

let side = null;
let open = null;
let panel = null;
let drawing = false;

// --- Logging in and out ----------------------------------------------------------------------------

function enter(token) {
  storeToken(token);
  side = sidebar({ open: go, current: () => open?.id ?? null, logOut });
  fill(main, emptyChat());
  fill(app, banner.element, h("div", { class: "columns" }, side.element, main));
  client.connect(token);
  draw();
}

function leave() {
  storeToken(null);
  showConversation(null);
  client.close();
  releaseAll();
  side = null;
  document.title = "chatcore";
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  if (!invitation()) history.replaceState(null, "", "#");
  const view = authView(enter);
  fill(app, view.element);
  view.focus();
}

async function logOut() {
  await client.logout();
  leave();
}

// --- Which conversation is open: the address says ----------------------------------------------------

/** The code of an invite link that was opened; it waits until one is logged in. */
const invitation = () =>
  decodeURIComponent(location.hash.match(/^#\/join\/(.+)$/)?.[1] ?? "") || null;

async function accept(code) {
  history.replaceState(null, "", "#");
  await attempt(async () => go((await client.join({ code })).id));
}

const address = () => decodeURIComponent(location.hash.match(/^#\/c\/(.+)$/)?.[1] ?? "") || null;

function go(id, place = null) {
  if (address() === id) showConversation(id);
  else location.hash = id ? `#/c/${encodeURIComponent(id)}` : "#";
  if (!place) return;
  if (open?.id !== id) showConversation(id);
  open?.reveal(place);
}

function showConversation(id) {
  const state = id && client.store.conversations.get(id);
  document.body.dataset.view = state ? "chat" : "list";
  client.show(state ? id : null);
  if (open?.id === id && state) {
    open.focus();
    return;
  }
  open?.close();
  closePanel();
  open = state ? chat(id, { back: () => go(null), details: togglePanel }) : null;
  fill(main, open ? open.element : emptyChat());
  open?.update();
  open?.fit();
  if (!matchMedia("(pointer: coarse)").matches) open?.focus();
  draw();
}

function togglePanel() {
  if (panel) {
    closePanel();
    return;
  }
  panel = details(open.id, { close: closePanel, open: go });
  document.body.dataset.details = "";
  main.append(panel.element);
  panel.update();
  panel.element.querySelector("button").focus();
  draw();
}

function closePanel() {
  panel?.element.remove();
  panel = null;
  delete document.body.dataset.details;
}

// --- Drawing what changed ----------------------------------------------------------------------------

/** Draw soon: many changes in one turn are drawn once. A hidden window draws too, for its title. */
function draw() {
  if (drawing) return;
  drawing = true;
  setTimeout(() => {
    drawing = false;
    if (side) drawNow();
  });
}

function drawNow() {
  const code = client.upToDate && invitation();
  if (code) accept(code);
  const id = address();
  if (id !== (open?.id ?? null) && (id === null || client.store.conversations.has(id))) {
    showConversation(id);
  } else if (open && !client.store.conversations.has(open.id) && client.upToDate) {
    note("This conversation is no longer yours.");
    go(null);
  }
  side.update();
  open?.update();
  panel?.update();
  banner.update();
  drawTitle();
  client.watchPresence(watched());
}

function drawTitle() {
  const states = [...client.store.conversations.values()];
  const loud = states.filter((state) => state.me && !state.muted(client.store.now));
  const unread = loud.reduce((sum, { me }) => sum + me.unread, 0);
  document.title = unread ? `(${unread}) chatcore` : "chatcore";
}

/** Whose presence is on screen. */
function watched() {
  const states = client.store.listConversations();
  const peers = states.map(({ peerId }) => peerId).filter(Boolean);
  const members = panel ? client.store.conversations.get(open.id)?.roster.current() : [];
  const ids = (members ?? []).slice(0, WATCHED_MEMBERS).map(({ user_id: id }) => id);
  return [
    open && client.store.conversations.get(open.id)?.peerId,
    ...ids,
    ...side.watched(),
    ...peers,
  ].filter((id) => id && id !== client.store.userId);
}

/** Tell a screen reader what has arrived in the open conversation. */
function announce(id) {
  const last = client.store.conversations.get(id)?.lastMessage;
  if (id !== open?.id || !last || last.sender_id === client.store.userId) return;
  const text = `${nameOf(last.sender_id)}: ${summary(last)}`;
  if (news.textContent !== text) news.textContent = text;
}

function offlineBanner() {
  const text = h("span", {});
  const retry = h(
    "button",
    { type: "button", class: "link", testid: "reconnect", onclick: () => client.retryConnection() },
    "Try now",
  );
  const element = h(
    "div",
    { class: "banner", role: "status", testid: "offline-banner", hidden: true },
    h("span", { class: "banner-dot" }),
    text,
    retry,
  );
  let lost = false;
  return {
    element,
    update() {
      const { state } = client;
      lost = state === "waiting" || (lost && state === "connecting");
      element.hidden = !lost;
      retry.hidden = state !== "waiting";
      text.textContent =
        state === "connecting"
          ? "Reconnecting…"
          : "You are offline. What you write is sent as soon as you are back.";
    },
  };
}

client.subscribe((topic, id) => {
  if (topic === "connection") {
    document.body.dataset.connection = client.state;
    document.body.toggleAttribute("data-ready", client.upToDate);
    if (client.state === "refused" && side) {
      leave();
      note("You have been logged out.");
    }
  }
  if (topic === "messages") announce(id);
  draw();
});

addEventListener("hashchange", () => side && drawNow());
addEventListener("offline", () => client.suspend());
addEventListener("online", () => client.retryConnection());
addEventListener("focus", () => open?.markSeen());
document.addEventListener("visibilitychange", () => {
  client.setInactive(document.visibilityState === "hidden");
  open?.markSeen();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open], .floating:popover-open"))
    return;
  if (panel) closePanel();
  else if (open) go(null);
});
// A file dropped beside a conversation must not replace the page.
for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());

const token = storedToken();
if (token) enter(token);
else leave();
