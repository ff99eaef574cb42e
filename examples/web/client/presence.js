/** Whose presence is on screen: the server tells of these users and of no others. */
const WATCHED_MOST = 500;

export class PresenceWatch {
  #store;
  #request;
  #watched = [];

  constructor({ store, request }) {
    this.#store = store;
    this.#request = request;
  }

  /** Watch these users; asks only where they are others than before. */
  async set(userIds) {
    const wanted = [...new Set(userIds)].slice(0, WATCHED_MOST);
    const held = new Set(this.#watched);
    if (wanted.length === held.size && wanted.every((id) => held.has(id))) return;
    this.#watched = wanted;
    await this.renew();
  }

  /** Ask again, in a new session. */
  async renew() {
    try {
      const page = await this.#request("presence.watch", { user_ids: this.#watched });
      for (const { user_id: id, presence } of page.items) this.#store.putPresence(id, presence);
    } catch (error) {
      if (!error.passing) throw error; // The next session, or the next change, asks again.
      if (error.code !== "offline") this.#watched = [];
    }
  }

  clear() {
    this.#watched = [];
  }
}
