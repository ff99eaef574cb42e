/** Files on their way up, above the composer: each with its progress, each can be taken out. */
import { fill, h, icon, setAttribute, setText } from "./dom.js";
import { fileSize } from "./format.js";
import { ICONS } from "./icons.js";
import { client } from "./session.js";

/** `changed()` is called whenever what is uploaded, or being uploaded, changes. */
export function uploadTray(changed) {
  const element = h("div", { class: "tray", testid: "upload-tray", hidden: true });
  let items = [];

  function draw() {
    element.hidden = items.length === 0;
    fill(
      element,
      items.map((item) => item.element),
    );
    changed();
  }

  function remove(item) {
    item.abort.abort();
    URL.revokeObjectURL(item.local ?? "");
    items = items.filter((other) => other !== item);
    draw();
  }

  async function start(item) {
    const onProgress = (share) => {
      item.bar.value = share;
      setText(item.state, share < 1 ? `${Math.round(share * 100)} %` : "Almost there…");
    };
    setAttribute(item.element, "data-state", "uploading");
    try {
      item.attachment = await client.http.upload(item.file, {
        onProgress,
        signal: item.abort.signal,
      });
      setAttribute(item.element, "data-state", "done");
      setText(item.state, fileSize(item.file.size));
    } catch (error) {
      if (error.name === "AbortError") return;
      setAttribute(item.element, "data-state", "failed");
      setText(item.state, error.message);
    }
    changed();
  }

  return {
    element,
    /** Begin to upload these files. */
    add(files) {
      for (const file of files) {
        const item = trayItem(file, remove);
        items.push(item);
        start(item);
      }
      draw();
    },
    get uploading() {
      return items.some((item) => item.element.dataset.state === "uploading");
    },
    /** What is ready to be sent. */
    get attachments() {
      return items.map((item) => item.attachment).filter(Boolean);
    },
    /** Empty it, after what was in it has been sent; `abort` ends what is on its way. */
    clear() {
      for (const item of [...items]) remove(item);
    },
  };
}

function trayItem(file, remove) {
  const local = file.type.startsWith("image/") ? URL.createObjectURL(file) : null;
  const bar = h("progress", {
    max: "1",
    value: "0",
    testid: "upload-progress",
    "aria-label": `Uploading ${file.name}`,
  });
  const state = h("small", {}, "0 %");
  const item = { file, bar, state, local, abort: new AbortController(), attachment: null };
  item.element = h(
    "div",
    { class: "tray-item", testid: "upload-item" },
    local ? h("img", { src: local, alt: "" }) : h("span", { class: "file-icon" }, icon(ICONS.file)),
    h("span", { class: "tray-text" }, h("span", { class: "file-name" }, file.name), state),
    h(
      "button",
      {
        type: "button",
        class: "icon-button small",
        "aria-label": `Remove ${file.name}`,
        testid: "upload-remove",
        onclick: () => remove(item),
      },
      icon(ICONS.close),
    ),
    bar,
  );
  return item;
}
