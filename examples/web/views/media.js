/**
 * Pictures and files behind the login: fetched with the Authorization header and shown from
 * blob URLs. The most recently used stay; the rest is given back to the browser.
 */
import { client } from "./session.js";

const HELD_MOST = 150;
const held = new Map();

/** The blob URL of an attachment's content; the same while it is held. */
export function blobUrl(url) {
  const found = held.get(url);
  held.delete(url);
  const promise = found ?? client.http.blob(url).then((blob) => URL.createObjectURL(blob));
  held.set(url, promise);
  promise.catch(() => held.delete(url));
  if (held.size > HELD_MOST) release(held.keys().next().value);
  return promise;
}

/** Show a picture in an `img`, once it is here. Resolves to whether it could be. */
export async function picture(image, url) {
  try {
    image.src = /^(data|blob):/.test(url) ? url : await blobUrl(url);
    image.hidden = false;
    return true;
  } catch {
    return false;
  }
}

/** Save an attachment under its own name. */
export async function download({ url, name }) {
  const link = document.createElement("a");
  link.href = await blobUrl(url);
  link.download = name;
  link.click();
}

/** Forget everything, when another user comes. */
export function releaseAll() {
  for (const url of [...held.keys()]) release(url);
}

async function release(url) {
  const promise = held.get(url);
  held.delete(url);
  URL.revokeObjectURL(await promise.catch(() => ""));
}
