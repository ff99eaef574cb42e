/**
 * What the client takes from its surroundings. A browser has all of it; elsewhere, and in tests,
 * pass what is missing: `new ChatClient({ base, environment: { socket: … } })`.
 *
 * - `socket(url, protocol)`: something with the interface of a browser's WebSocket
 * - `fetch`, `request()` (an XMLHttpRequest for upload progress, or null to upload by `fetch`)
 * - `storage`: the interface of localStorage; keeps messages that are not sent yet
 * - `now()` in ms, `setTimeout`, `clearTimeout`, `random()` in [0, 1)
 */
export function environment(overrides = {}) {
  return {
    socket: (url, protocol) => new globalThis.WebSocket(url, protocol),
    fetch: (...given) => globalThis.fetch(...given),
    request: () => (globalThis.XMLHttpRequest ? new globalThis.XMLHttpRequest() : null),
    storage: browserStorage() ?? new MemoryStorage(),
    now: () => Date.now(),
    random: () => Math.random(),
    setTimeout: (task, ms) => globalThis.setTimeout(task, ms),
    clearTimeout: (timer) => globalThis.clearTimeout(timer),
    ...overrides,
  };
}

function browserStorage() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null; // A browser may forbid it: then unsent messages live as long as the page.
  }
}

/** Storage that is forgotten with the process. */
export class MemoryStorage {
  #items = new Map();

  get length() {
    return this.#items.size;
  }

  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    this.#items.set(key, String(value));
  }

  removeItem(key) {
    this.#items.delete(key);
  }
}
