import { useEffect, useReducer } from 'preact/hooks'

/** One value that several parts of the page look at. */
export interface Store<Value> {
  get(): Value
  set(value: Value): void
  /** Returns what ends it. */
  subscribe(listener: () => void): () => void
}

export function createStore<Value>(initial: Value): Store<Value> {
  let value = initial
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return
      value = next
      for (const listener of [...listeners]) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** The value of a store; the component is drawn again when it changes. */
export function useStore<Value>(store: Store<Value>): Value {
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  const drawn = store.get()
  useEffect(() => {
    // It may have changed between the drawing and now.
    if (!Object.is(store.get(), drawn)) redraw(undefined)
    return store.subscribe(() => redraw(undefined))
    // oxlint-disable-next-line react/exhaustive-deps
  }, [store])
  return drawn
}
