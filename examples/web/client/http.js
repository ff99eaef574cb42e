/** The HTTP side: accounts, and everything that is bytes. */
import { ChatError } from "./errors.js";

export class HttpApi {
  /** The bearer token; null before logging in. */
  token = null;
  #base;
  #environment;

  /** @param {URL} base of the API, ending in a slash: `https://example.org/chat/v1/` */
  constructor(base, environment) {
    this.#base = base;
    this.#environment = environment;
  }

  /** Call an operation; answers its JSON. Rejects with a {@link ChatError}. */
  async call(method, path, body) {
    const response = await this.#fetch(path, {
      method,
      headers: {
        ...this.#authorization,
        ...(body !== undefined && { "Content-Type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return response.status === 204 ? null : response.json();
  }

  /** Download what a message refers to, as a Blob. */
  async blob(url, { signal } = {}) {
    const response = await this.#fetch(url, { headers: this.#authorization, signal });
    return response.blob();
  }

  /**
   * Upload a file; answers its Attachment.
   * @param {File} file
   * @param {{onProgress?: (share: number) => void, signal?: AbortSignal}} options share in 0…1
   */
  async upload(file, { onProgress, signal } = {}) {
    const form = new FormData();
    form.append("file", file, file.name);
    const request = this.#environment.request();
    if (request) return this.#send(request, form, { onProgress, signal });
    const response = await this.#fetch("uploads", {
      method: "POST",
      headers: this.#authorization,
      body: form,
      signal,
    });
    return response.json();
  }

  /** Where a path of the API is: those in answers are relative to its root. */
  resolve(path) {
    return new URL(path, this.#base);
  }

  get #authorization() {
    return this.token ? { Authorization: `Bearer ${this.token}` } : {};
  }

  async #fetch(path, options) {
    let response;
    try {
      response = await this.#environment.fetch(this.resolve(path), options);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ChatError("offline", { detail: "The server cannot be reached." });
    }
    if (response.ok) return response;
    const text = await response.text();
    throw problem(text, response.status, response.headers.get("Retry-After"));
  }

  /** XMLHttpRequest is the one that tells how much of a body has left. */
  #send(request, form, { onProgress, signal }) {
    return new Promise((resolve, reject) => {
      request.open("POST", this.resolve("uploads"));
      for (const [name, value] of Object.entries(this.#authorization)) {
        request.setRequestHeader(name, value);
      }
      request.upload.onprogress = ({ loaded, total }) => onProgress?.(total ? loaded / total : 0);
      request.onload = () => {
        const { status, responseText } = request;
        if (status >= 200 && status < 300) resolve(JSON.parse(responseText));
        else reject(problem(responseText, status, request.getResponseHeader("Retry-After")));
      };
      request.onerror = () => reject(new ChatError("offline"));
      request.onabort = () => reject(new DOMException("The upload was cancelled.", "AbortError"));
      signal?.addEventListener("abort", () => request.abort());
      request.send(form);
    });
  }
}

function problem(text, status, retryAfter) {
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    document = {}; // A proxy's page, say.
  }
  const wait = document.retry_after ?? (Number(retryAfter) || null);
  return ChatError.from({ status, ...document, retry_after: wait }, codeOf(status));
}

function codeOf(status) {
  if (status === 413) return "too_large";
  return status >= 500 ? "unavailable" : "invalid";
}
