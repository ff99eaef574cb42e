/**
 * Keeps one authenticated session alive: opens it, pings it, and after a loss opens it again,
 * waiting longer each time and by a random share, so that a thousand clients of a restarted server
 * do not come back in the same instant.
 */
import { ChatError } from "./errors.js";
import { RpcSocket } from "./socket.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const SHORTEST_WAIT_MS = 100;
const PING_EVERY_MS = 20_000;
const ANSWER_WITHIN_MS = 10_000;

/** How long to wait before attempt `attempt` (from 0): full jitter under a doubling roof. */
export function waitBefore(attempt, random) {
  const roof = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
  return SHORTEST_WAIT_MS + random * roof;
}

export class Connection {
  /** `idle`, `connecting`, `online`, `waiting` (to try again) or `refused` (log in again). */
  state = "idle";

  #url;
  #environment;
  #hooks;
  #token = null;
  #socket = null;
  #attempt = 0;
  #timer = null;

  /**
   * @param {object} parts `url`, `environment`, and the hooks `since()` (the token to resume
   *   from, or null), `onStarted(answer)`, `onEvent(name, params)`, `onState(state)`.
   */
  constructor({ url, environment, ...hooks }) {
    this.#url = url;
    this.#environment = environment;
    this.#hooks = hooks;
  }

  get online() {
    return this.state === "online";
  }

  /** Open with this bearer token and stay open until {@link stop}. */
  start(token) {
    this.#token = token;
    this.#attempt = 0;
    this.#open();
  }

  /** Close for good. */
  stop() {
    this.#token = null;
    this.#drop();
    this.#become("idle");
  }

  /** The network is gone: close, and wait for {@link retry}. */
  suspend() {
    if (this.#token === null || this.state === "refused") return;
    this.#drop();
    this.#become("waiting");
  }

  /** Try now instead of when the wait is over. */
  retry() {
    if (this.state !== "waiting") return;
    this.#attempt = 0;
    this.#open();
  }

  /** Ask the server; rejects with code `offline` where there is no session. */
  request(method, params, timeoutMs) {
    if (!this.online) return Promise.reject(new ChatError("offline"));
    return this.#socket.request(method, params, timeoutMs);
  }

  /** Give the server a hint, where there is a session. */
  notify(method, params) {
    if (this.online) this.#socket.notify(method, params);
  }

  #open() {
    this.#drop();
    this.#become("connecting");
    const socket = new RpcSocket(this.#url, {
      environment: this.#environment,
      onOpen: () => this.#begin(socket),
      onEvent: (name, params) => socket === this.#socket && this.#hooks.onEvent(name, params),
      onClose: (code) => socket === this.#socket && this.#lost(code),
    });
    this.#socket = socket;
    // A network that swallows packets never says so.
    this.#timer = this.#environment.setTimeout(() => socket.close(), ANSWER_WITHIN_MS);
  }

  async #begin(socket) {
    const since = this.#hooks.since();
    try {
      const started = await socket.request(
        "session.start",
        { protocol: 1, token: this.#token, ...(since && { since }) },
        ANSWER_WITHIN_MS,
      );
      if (socket !== this.#socket) return;
      this.#attempt = 0;
      this.#pingLater();
      this.#become("online");
      this.#hooks.onStarted(started);
    } catch (error) {
      if (socket !== this.#socket) return;
      if (error.code === "unauthenticated") this.#refuse();
      else this.#tryAgain(error.retryAfter);
    }
  }

  #pingLater() {
    const socket = this.#socket;
    this.#environment.clearTimeout(this.#timer);
    this.#timer = this.#environment.setTimeout(async () => {
      try {
        await socket.request("session.ping", {}, ANSWER_WITHIN_MS);
      } catch (error) {
        if (error.code === "timeout") socket.close();
      }
      if (socket === this.#socket) this.#pingLater();
    }, PING_EVERY_MS);
  }

  #lost(code) {
    if (code === 4401) this.#refuse();
    else this.#tryAgain(null);
  }

  #refuse() {
    this.#drop();
    this.#token = null;
    this.#become("refused");
  }

  #tryAgain(retryAfter) {
    this.#drop();
    this.#become("waiting");
    const jittered = waitBefore(this.#attempt, this.#environment.random());
    const wait = Math.max(jittered, (retryAfter ?? 0) * 1000);
    this.#attempt += 1;
    this.#timer = this.#environment.setTimeout(() => this.#open(), wait);
  }

  #drop() {
    this.#environment.clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.#hooks.onState(state);
  }
}
