/** Message text: links that are safe to follow, line breaks as typed, lone emoji large. */
import { h } from "./dom.js";

const LINK = /\bhttps?:\/\/[^\s<>"']+/giu;
const TRAILING = /[.,:;!?)\]}'"]+$/u;
const EMOJI_ONLY = /^(?:\p{RGI_Emoji}\s*){1,3}$/v;

/** The nodes of a text, links made into anchors. */
export function linked(text) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const url = balanced(match[0].replace(TRAILING, ""), match[0]);
    nodes.push(text.slice(at, match.index));
    nodes.push(h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url));
    at = match.index + url.length;
  }
  nodes.push(text.slice(at));
  return nodes.filter((node) => node !== "");
}

/** A closing bracket that was opened inside the link belongs to it. */
function balanced(url, whole) {
  const opens = url.split("(").length - url.split(")").length;
  return opens > 0 && whole.startsWith(`${url})`) ? `${url})` : url;
}

/** Up to three emoji and nothing else. */
export const isJumbo = (text) => text.length <= 40 && EMOJI_ONLY.test(text);
