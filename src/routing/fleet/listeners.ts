/** Whoever wants to be told. */
export interface Listeners<T> {
  /** The listener is told until what this returns is called. */
  add(listener: (value: T) => void): () => void
  tell(value: T): void
}

export function createListeners<T>(): Listeners<T> {
  const listeners = new Set<(value: T) => void>()
  return {
    add(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    tell(value) {
      // A listener may end another one's interest.
      for (const listener of [...listeners]) if (listeners.has(listener)) listener(value)
    },
  }
}
