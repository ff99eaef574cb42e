/** One picture, as large as the window. */
import { h, icon } from "./dom.js";
import { fileSize } from "./format.js";
import { ICONS } from "./icons.js";
import { download, picture } from "./media.js";
import { attempt } from "./overlay.js";

/** Show a picture until Escape or a click beside it. */
export function openLightbox(attachment) {
  const { name, size, url, thumbnail_url: thumbnail } = attachment;
  const image = h("img", { alt: name, testid: "lightbox-image" });
  const element = h("dialog", { class: "lightbox", "aria-label": name, testid: "lightbox" });
  const close = () => element.close();
  element.append(
    h(
      "header",
      {},
      h("span", { class: "lightbox-name" }, name, h("small", {}, fileSize(size))),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Download",
          onclick: () => attempt(() => download(attachment)),
        },
        icon(ICONS.download),
      ),
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Close",
          testid: "lightbox-close",
          onclick: close,
        },
        icon(ICONS.close),
      ),
    ),
    h(
      "div",
      { class: "lightbox-stage", onclick: (event) => event.target !== image && close() },
      image,
    ),
  );
  element.addEventListener("close", () => element.remove());
  document.body.append(element);
  element.showModal();
  // The thumbnail is here already: it stands in until the whole picture is.
  if (thumbnail) picture(image, thumbnail).then(() => picture(image, url));
  else picture(image, url);
}
