/**
 * One WebSocket that speaks JSON-RPC 2.0, one message a line.
 *
 * Lines written in one turn of the event loop leave as one frame, up to the server's frame limit.
 */
import { ChatError } from "./errors.js";

export const SUBPROTOCOL = "chatcore.v1";

const FRAME_BYTES = 64 * 1024;
const IN_FLIGHT = 32;
const REQUEST_MS = 30_000;
const encoder = new TextEncoder();

export class RpcSocket {
  #environment;
  #socket;
  #waiting = new Map();
  #queue = [];
  #lines = [];
  #nextId = 1;
  #closed = false;
  #onEvent;
  #onClose;

  /**
   * @param {string} url of the realtime endpoint, ws: or wss:
   * @param {object} parts `environment`, `onOpen()`, `onEvent(name, params)` and
   *   `onClose(code, reason)`, which comes exactly once, after every request was refused.
   */
  constructor(url, { environment, onOpen, onEvent, onClose }) {
    this.#environment = environment;
    this.#onEvent = onEvent;
    this.#onClose = onClose;
    const socket = (this.#socket = environment.socket(url, SUBPROTOCOL));
    socket.onopen = () => !this.#closed && onOpen();
    socket.onmessage = (frame) => !this.#closed && this.#receive(frame.data);
    socket.onclose = (event) => this.#ended(event.code ?? 1006, event.reason ?? "");
    socket.onerror = () => {}; // A close event follows.
  }

  /** Ask, and wait for the answer. Rejects with a {@link ChatError}. */
  request(method, params = {}, timeoutMs = REQUEST_MS) {
    if (this.#closed) return Promise.reject(new ChatError("offline"));
    return new Promise((resolve, reject) => {
      this.#queue.push({ method, params, timeoutMs, resolve, reject });
      this.#release();
    });
  }

  /** Say without asking: for hints only. */
  notify(method, params) {
    if (!this.#closed) this.#write(JSON.stringify({ jsonrpc: "2.0", method, params }));
  }

  /** Close, and be done at once, whatever the network thinks. */
  close(code = 1000) {
    if (this.#closed) return;
    try {
      this.#socket.close(code);
    } catch {
      // Not open yet: the browser ends it anyway.
    }
    this.#ended(code, "closed here");
  }

  #release() {
    while (this.#queue.length && this.#waiting.size < IN_FLIGHT) {
      const { method, params, timeoutMs, resolve, reject } = this.#queue.shift();
      const id = this.#nextId++;
      const timer = this.#environment.setTimeout(() => {
        this.#settle(id)?.reject(new ChatError("timeout"));
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      const line = JSON.stringify({ jsonrpc: "2.0", id, method, params });
      if (encoder.encode(line).length > FRAME_BYTES) {
        this.#settle(id).reject(new ChatError("too_large"));
      } else {
        this.#write(line);
      }
    }
  }

  #write(line) {
    this.#lines.push(line);
    if (this.#lines.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush() {
    const lines = this.#lines.splice(0);
    if (this.#closed) return;
    const together = this.#socket.protocol === SUBPROTOCOL;
    let frame = "";
    let size = 0;
    for (const line of lines) {
      const length = encoder.encode(line).length + 1;
      if (frame && (!together || size + length > FRAME_BYTES)) {
        this.#socket.send(frame);
        frame = "";
        size = 0;
      }
      frame += frame ? `\n${line}` : line;
      size += length;
    }
    if (frame) this.#socket.send(frame);
  }

  #receive(data) {
    for (const line of String(data).split("\n")) {
      if (!line) continue;
      const message = JSON.parse(line);
      if (message.method) this.#onEvent(message.method, message.params ?? {});
      else this.#answered(message);
      if (this.#closed) return;
    }
  }

  #answered({ id, result, error }) {
    const waiting = this.#settle(id);
    if (!waiting) return;
    if (!error) waiting.resolve(result);
    else waiting.reject(ChatError.from({ detail: error.message, ...error.data }));
    this.#release();
  }

  #settle(id) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return null;
    this.#waiting.delete(id);
    this.#environment.clearTimeout(waiting.timer);
    return waiting;
  }

  #ended(code, reason) {
    if (this.#closed) return;
    this.#closed = true;
    for (const id of [...this.#waiting.keys()]) this.#settle(id).reject(new ChatError("offline"));
    for (const { reject } of this.#queue.splice(0)) reject(new ChatError("offline"));
    this.#onClose(code, reason);
  }
}
