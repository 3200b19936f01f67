import { ClientGone } from './ollama-error.ts'

/** One sequence of a loaded model. It remembers what it has read, so that a prompt that begins alike costs less. */
export interface Slot {
  cachedPrompt: string
}

export interface SlotPool {
  /** Waits without a bound, as Ollama does, until a slot is free or the client has left. */
  take(prompt: string, signal: AbortSignal): Promise<Slot>
  give(slot: Slot): void
  /** Keeps the slot taken for ever: what Ollama 0.24 does on some aborts. */
  lose(slot: Slot): void
  heal(): void
  /** What is taken stays taken until it is given back. */
  resize(size: number): void
  readonly waiting: number
}

interface Waiter {
  readonly prompt: string
  grant(slot: Slot): void
}

export function createSlotPool(size: number): SlotPool {
  const free: Slot[] = Array.from({ length: size }, () => ({ cachedPrompt: '' }))
  const waiters: Waiter[] = []
  const lost: Slot[] = []
  let wanted = size
  let owned = size

  function give(slot: Slot): void {
    if (owned > wanted) return void (owned -= 1)
    const next = waiters.shift()
    if (next === undefined) free.push(slot)
    else next.grant(slot)
  }

  function take(prompt: string, signal: AbortSignal): Promise<Slot> {
    if (signal.aborted) return Promise.reject(new ClientGone())
    const slot = closest(free, prompt)
    if (slot !== undefined) {
      free.splice(free.indexOf(slot), 1)
      return Promise.resolve(slot)
    }
    return new Promise((resolve, reject) => {
      const waiter = {
        prompt,
        grant(granted: Slot) {
          signal.removeEventListener('abort', leave)
          resolve(granted)
        },
      }
      function leave(): void {
        waiters.splice(waiters.indexOf(waiter), 1)
        reject(new ClientGone())
      }
      waiters.push(waiter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  return {
    take,
    give,
    lose: (slot) => void lost.push(slot),
    heal: () => lost.splice(0).forEach(give),
    resize(count) {
      wanted = count
      owned -= free.splice(0, Math.max(0, owned - wanted)).length
      for (; owned < wanted; owned += 1) give({ cachedPrompt: '' })
    },
    get waiting() {
      return waiters.length
    },
  }
}

/** The slot whose cache shares the longest beginning with the prompt. */
function closest(slots: readonly Slot[], prompt: string): Slot | undefined {
  let best: Slot | undefined
  let bestLength = -1
  for (const slot of slots) {
    const length = sharedPrefix(slot.cachedPrompt, prompt)
    if (length > bestLength) [best, bestLength] = [slot, length]
  }
  return best
}

export function sharedPrefix(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  let length = 0
  while (length < end && a.charCodeAt(length) === b.charCodeAt(length)) length += 1
  return length
}
