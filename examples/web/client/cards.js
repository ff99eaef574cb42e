/** The cards of users: those that came with a page, and those that have to be asked for. */
export class Cards {
  #store;
  #request;
  #asked = new Set();

  constructor({ store, request }) {
    this.#store = store;
    this.#request = request;
  }

  /** A user's card, or null while it is asked for. */
  get(id) {
    const held = this.#store.users.get(id);
    if (!held && id) this.#ask(id);
    return held ?? null;
  }

  /** What was not answered may be asked again. */
  clear() {
    this.#asked.clear();
  }

  async #ask(id) {
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    try {
      this.#store.putUsers([await this.#request("users.get", { user_id: id })]);
    } catch (error) {
      if (!error.code) throw error; // A user who is not found stays without a card.
    }
  }
}
