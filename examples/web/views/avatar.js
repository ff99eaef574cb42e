/** Round pictures, or coloured initials where there is none. */
import { fill, h, icon, setAttribute, setText } from "./dom.js";
import { hueOf, initials } from "./format.js";
import { picture } from "./media.js";

/**
 * An avatar that can be told to show somebody else: `{element, show(who)}` with `who`
 * `{id, name, url, symbol, presence}`: a picture where there is a `url`, else an icon, else initials.
 */
export function avatar(size = "medium") {
  const letters = h("span", { class: "avatar-letters" });
  const image = h("img", { alt: "", hidden: true });
  const dot = h("span", { class: "presence-dot", hidden: true });
  const element = h(
    "span",
    { class: `avatar ${size}`, "aria-hidden": "true" },
    letters,
    image,
    dot,
  );
  let shownUrl = null;
  return {
    element,
    show({ id, name, url = null, symbol = null, presence }) {
      if (symbol) fill(letters, icon(symbol));
      else setText(letters, initials(name));
      setAttribute(element, "data-hue", hueOf(id));
      const status = presence?.status ?? null;
      dot.hidden = status === null || status === "offline";
      setAttribute(dot, "data-status", status);
      if (url === shownUrl) return;
      shownUrl = url;
      image.hidden = true;
      if (url) picture(image, url);
    },
  };
}

/** What an avatar shows of a user. */
export function ofUser(user, id, presence) {
  return {
    id,
    name: user?.display_name || user?.username || "?",
    url: user?.avatar_url ?? null,
    presence,
  };
}
