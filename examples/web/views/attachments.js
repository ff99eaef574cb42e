/** What hangs on a message: pictures, sound and film, and files. */
import { h, icon } from "./dom.js";
import { fileSize } from "./format.js";
import { ICONS } from "./icons.js";
import { openLightbox } from "./lightbox.js";
import { blobUrl, download, picture } from "./media.js";
import { attempt } from "./overlay.js";

const WIDEST = 320;
const HIGHEST = 360;

/** The elements of a message's attachments. */
export function attachmentsOf(attachments) {
  const images = attachments.filter(isPicture);
  const others = attachments.filter((one) => !isPicture(one));
  return [
    images.length > 0 &&
      h("div", { class: images.length > 1 ? "pictures many" : "pictures" }, images.map(preview)),
    ...others.map((one) =>
      one.category === "audio" || one.category === "video" ? player(one) : file(one),
    ),
  ].filter(Boolean);
}

/** Whether an attachment is shown as a picture. */
export const isPicture = ({ category, media_type: type }) =>
  category === "image" && type !== "image/svg+xml";

/** A picture in the size it will have, so that nothing jumps when it arrives. */
function preview(attachment) {
  const { name, url, thumbnail_url: thumbnail, width, height } = attachment;
  const image = h("img", { alt: name, hidden: true });
  const button = h(
    "button",
    {
      type: "button",
      class: "picture",
      testid: "image-preview",
      "aria-label": `Open ${name}`,
      onclick: () => openLightbox(attachment),
    },
    image,
  );
  if (width && height) {
    const scale = Math.min(1, WIDEST / width, HIGHEST / height);
    button.style.width = `${Math.max(96, Math.round(width * scale))}px`;
    button.style.aspectRatio = `${width} / ${height}`;
  }
  picture(image, thumbnail || url).then((shown) => {
    button.classList.toggle("loaded", shown);
    if (!shown) button.append(h("span", { class: "picture-name" }, name));
  });
  return button;
}

/** Sound and film are fetched when they are wanted. */
function player(attachment) {
  const { category, url, name, size } = attachment;
  const element = h("div", { class: `player ${category}` });
  const start = async () => {
    const media = h(category, { controls: true, src: await blobUrl(url) });
    element.replaceChildren(media);
    media.play();
  };
  element.append(fileButton(`Play ${name}`, name, size, () => attempt(start)));
  return element;
}

function file(attachment) {
  const { name, size } = attachment;
  return fileButton(`Download ${name}`, name, size, () => attempt(() => download(attachment)));
}

function fileButton(label, name, size, run) {
  return h(
    "button",
    { type: "button", class: "file", testid: "file", "aria-label": label, onclick: run },
    h("span", { class: "file-icon" }, icon(ICONS.file)),
    h(
      "span",
      { class: "file-text" },
      h("span", { class: "file-name" }, name),
      h("small", {}, fileSize(size)),
    ),
    icon(ICONS.download),
  );
}
