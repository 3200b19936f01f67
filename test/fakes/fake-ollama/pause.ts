import { ClientGone } from './ollama-error.ts'

/** Waits, or throws as soon as the client has left. Infinity waits for that only. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return turn(signal)
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new ClientGone())
    const timer = ms === Infinity ? undefined : setTimeout(finish, ms)
    signal.addEventListener('abort', leave, { once: true })
    function finish(): void {
      signal.removeEventListener('abort', leave)
      resolve()
    }
    function leave(): void {
      clearTimeout(timer)
      reject(new ClientGone())
    }
  })
}

/** Lets sockets be read and written, so that a client that left is noticed even at unlimited speed. */
export function turn(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    setImmediate(() => (signal.aborted ? reject(new ClientGone()) : resolve()))
  })
}
