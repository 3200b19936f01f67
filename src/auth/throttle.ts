import { LRUCache } from 'lru-cache'
import type { Clock } from '../lib/clock.ts'

/** Counts wrong credentials per address. Valid ones never come here. */
export interface Throttle {
  /** Notes a wrong credential: null, or the seconds to wait where there were too many. */
  note(address: string): number | null
}

export interface ThrottleOptions {
  readonly maxWrong: number
  readonly windowMs: number
  /** Beyond this the address that was quiet longest is forgotten. */
  readonly maxAddresses: number
}

const defaults: ThrottleOptions = { maxWrong: 100, windowMs: 60_000, maxAddresses: 10_000 }

interface Window {
  readonly startedAt: number
  count: number
}

export function createThrottle({ clock }: { readonly clock: Clock }, options: Partial<ThrottleOptions> = {}): Throttle {
  const { maxWrong, windowMs, maxAddresses } = { ...defaults, ...options }
  const windows = new LRUCache<string, Window>({ max: maxAddresses })
  return {
    note(address) {
      const now = clock.now()
      const source = sourceOf(address)
      const known = windows.get(source)
      const age = known === undefined ? windowMs : now - known.startedAt
      // A clock that was set back must not lock anybody out for longer.
      if (known === undefined || age >= windowMs || age < 0) {
        windows.set(source, { startedAt: now, count: 1 })
        return null
      }
      known.count++
      return known.count <= maxWrong ? null : Math.max(1, Math.ceil((windowMs - age) / 1000))
    },
  }
}

/** One host owns a whole /64 of IPv6 (RFC 6177), so that is what counts as one address. */
export function sourceOf(address: string): string {
  if (!address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = address.toLowerCase().split('%', 1)[0]?.split('::') ?? []
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0')
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
