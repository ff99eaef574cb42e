/**
 * What can go wrong, with the server's stable codes.
 *
 * Two codes are the client's own: `offline` (no connection, nothing was sent or the answer was
 * lost with the connection) and `timeout` (no answer in time).
 */

/** Codes after which the same request may succeed later, unchanged. */
const PASSING = new Set([
  "offline",
  "timeout",
  "rate_limited",
  "unavailable",
  "unknown_outcome",
  "internal",
]);

const SENTENCES = {
  offline: "You are offline.",
  timeout: "The server did not answer in time.",
  unauthenticated: "Please log in again.",
  forbidden: "You are not allowed to do that.",
  not_found: "That is no longer available.",
  version_conflict: "Somebody changed this in the meantime.",
  key_reused: "This was already sent with other content.",
  too_large: "That is too large.",
  rate_limited: "Too many at once. Please wait a moment.",
  unavailable: "The server is busy. Please try again.",
  unknown_outcome: "It is not known yet whether this succeeded.",
  internal: "The server had a problem.",
};

/** “Display name: at most 80 characters”, for the first field that was refused. */
function fieldMessage([first]) {
  if (!first?.path) return first?.message;
  const name = String(first.path)
    .replace(/^[/.]+/, "")
    .replaceAll("_", " ");
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}: ${first.message}`;
}

/** An error with a stable `code`, a `detail` for people, and `retryAfter` in seconds or null. */
export class ChatError extends Error {
  constructor(code, { detail = null, status = null, errors = [], retryAfter = null } = {}) {
    super(fieldMessage(errors) || detail || SENTENCES[code] || "That did not work.");
    this.name = "ChatError";
    this.code = code;
    this.status = status;
    /** Fields that were refused: `[{path, message}]`. */
    this.errors = errors;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later, unchanged. */
  get passing() {
    return PASSING.has(this.code);
  }

  /** From a problem document (RFC 9457), or the `data` of a JSON-RPC error. */
  static from(problem, fallback = "internal") {
    return new ChatError(problem?.code ?? fallback, {
      detail: problem?.detail ?? problem?.title,
      status: problem?.status,
      errors: problem?.errors ?? [],
      retryAfter: problem?.retry_after ?? null,
    });
  }
}
