/** Pure rules about one message: which state is newer, what counts as unread, what is quoted. */

/** The viewer's own reactions, however the server says it. */
function ownKeys(message) {
  return message.mine ?? (message.reactions ?? []).filter(({ mine }) => mine).map(({ key }) => key);
}

/** Which of the reactions are the viewer's, where only the shared face is known. */
function deriveMine(message, held, change, userId) {
  const before = new Set(held ? ownKeys(held) : []);
  if (change?.user_id === userId) {
    if (change.added) before.add(change.key);
    else before.delete(change.key);
  }
  return (message.reactions ?? [])
    .filter(({ key, count, user_ids: ids }) => {
      if (ids.includes(userId)) return true;
      return ids.length < count && before.has(key);
    })
    .map(({ key }) => key);
}

/** What the viewer chose is told on their own stream. */
function mergePoll(poll, held) {
  return poll && held?.mine ? { ...poll, mine: held.mine } : poll;
}

function mergeReply(reply, held) {
  if (!reply || reply.preview || !held?.preview) return reply;
  return { ...reply, preview: held.preview };
}

/**
 * The newer of two states of one message, by `rev`.
 *
 * A live event carries the shared face alone; what the personal face told before is kept, and
 * `mine` is derived from the change.
 *
 * @param {object | undefined} held
 * @param {object} incoming
 * @param {{personal: boolean, change?: object, userId: string}} context
 */
export function mergeMessage(held, incoming, { personal, change, userId }) {
  if (held && incoming.rev < held.rev) return held;
  if (personal) {
    return {
      ...incoming,
      mine: ownKeys(incoming),
      status: incoming.status ?? held?.status,
      hidden: incoming.hidden ?? held?.hidden,
    };
  }
  if (held && incoming.rev === held.rev) return held;
  return {
    ...incoming,
    mine: deriveMine(incoming, held, change, userId),
    reply_to: mergeReply(incoming.reply_to, held?.reply_to),
    ...(incoming.poll && { poll: mergePoll(incoming.poll, held?.poll) }),
    status: held?.status,
    hidden: held?.hidden,
  };
}

/** Whether a message is of the kind that is counted as unread, wherever the read mark is. */
export function countable(message, userId) {
  return message.sender_id !== userId && message.kind !== "system";
}

/** Whether there is something left to see. */
export function alive(message, now) {
  return !message.deleted && !message.hidden && !expired(message, now);
}

/** Whether a disappearing message's time is over. */
export function expired(message, now) {
  return message.expires_at != null && Date.parse(message.expires_at) <= now;
}

/** Whether it speaks to this user by name, or to all. */
export function mentions(message, userId) {
  return (message.mentions ?? []).some((who) => who === userId || who === "all");
}

/** What a reply shows of the message it answers. */
export function previewOf(message) {
  return {
    sender_id: message.sender_id,
    kind: message.kind,
    ...(message.body != null && { body: message.body }),
    deleted: Boolean(message.deleted),
  };
}
