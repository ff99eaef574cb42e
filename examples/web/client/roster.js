/**
 * Who belongs to a conversation and how far each has got, and the status that follows from it.
 *
 * Watermarks are joined by maximum, so receipts may come late, twice and in any order.
 */

const RANKS = ["sent", "delivered", "read"];

/** Both marks at their furthest; what is read is delivered. */
export function joinMarks(a, b) {
  const read = Math.max(a.read_seq, b.read_seq);
  return { read_seq: read, delivered_seq: Math.max(a.delivered_seq, b.delivered_seq, read) };
}

/** The further of two statuses; either may be absent. */
export function furthest(a, b) {
  return RANKS[Math.max(RANKS.indexOf(a), RANKS.indexOf(b), 0)];
}

function statusFor(mark, seq) {
  if (mark.read_seq >= seq) return "read";
  return mark.delivered_seq >= seq ? "delivered" : "sent";
}

const NOTHING = { delivered_seq: 0, read_seq: 0 };

export class Roster {
  /** Whether every current member is known. */
  complete = false;
  #members = new Map();
  #marks = new Map();

  /** The members who have not left. */
  current() {
    return [...this.#members.values()].filter(({ left_at: left }) => left == null);
  }

  get(userId) {
    const member = this.#members.get(userId);
    return member && member.left_at == null ? member : undefined;
  }

  /** Take a member's newer state, by `rev`. */
  put(member) {
    const held = this.#members.get(member.user_id);
    if (!held || member.rev >= held.rev) this.#members.set(member.user_id, member);
    this.mark(member);
  }

  /** Take a receipt. Returns whether it moved anything. */
  mark({ user_id: userId, delivered_seq, read_seq }) {
    const held = this.#marks.get(userId) ?? NOTHING;
    const joined = joinMarks(held, { delivered_seq, read_seq });
    if (joined.read_seq === held.read_seq && joined.delivered_seq === held.delivered_seq) {
      return false;
    }
    this.#marks.set(userId, joined);
    return true;
  }

  marks(userId) {
    return this.#marks.get(userId) ?? NOTHING;
  }

  /**
   * The status of a message: the least over the current members who were there when it was sent,
   * its sender excluded, and never less than the server has said already.
   * @param {string | null} peerId the other one of a direct conversation, known without a list
   */
  status(message, peerId = null) {
    const recipients = this.#recipients(message, peerId);
    if (!recipients?.length) return message.status ?? "sent";
    const ranks = recipients.map((id) => RANKS.indexOf(statusFor(this.marks(id), message.seq)));
    return furthest(RANKS[Math.min(...ranks)], message.status);
  }

  #recipients(message, peerId) {
    if (peerId) return [peerId];
    if (!this.complete) return null;
    return this.current()
      .filter((member) => member.user_id !== message.sender_id && member.joined_seq < message.seq)
      .map((member) => member.user_id);
  }
}
