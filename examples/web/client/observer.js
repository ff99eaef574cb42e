/** Who wants to know, and of what. A listener that throws does not keep the others from hearing. */
export class Observer {
  #listeners = new Set();

  /** Call `listener(topic, id)` at every change; returns a function that ends it. */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(topic, id = null) {
    for (const listener of [...this.#listeners]) {
      try {
        listener(topic, id);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
