/**
 * The one client of the page, and the token it logs in with.
 *
 * The token lives in sessionStorage: a reload stays logged in, and two windows of one browser can
 * be two different people.
 */
import { ChatClient } from "../chatcore-client.js";
import { ICONS } from "./icons.js";

const stated = document.querySelector('meta[name="chatcore-base"]')?.content;
const base = new URL(stated || "v1/", location.href);
const TOKEN = `chatcore.token ${base.pathname}`;

export const client = new ChatClient({ base });

/** The token of the last login in this window, or null. */
export const storedToken = () => sessionStorage.getItem(TOKEN);

export function storeToken(token) {
  if (token) sessionStorage.setItem(TOKEN, token);
  else sessionStorage.removeItem(TOKEN);
}

/** The name to show for a user, also before their card has come. */
export function nameOf(userId) {
  const user = client.user(userId);
  return user?.display_name || user?.username || "…";
}

/** What a conversation is called, for this viewer. */
export function titleOf(state) {
  if (state.info.kind === "self") return "Saved messages";
  if (state.info.kind === "direct" && state.peerId) return nameOf(state.peerId);
  return state.info.title || "Group";
}

/** What an avatar shows of a conversation. */
export function faceOf(state) {
  const { info, peerId } = state;
  if (info.kind === "self") return { id: info.id, name: titleOf(state), symbol: ICONS.bookmark };
  if (info.kind !== "direct") return { id: info.id, name: titleOf(state), url: info.avatar_url };
  const user = client.user(peerId);
  return {
    id: peerId ?? info.id,
    name: titleOf(state),
    url: user?.avatar_url ?? null,
    presence: client.store.presence.get(peerId) ?? null,
  };
}
