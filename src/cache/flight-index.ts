/** A request that runs, in a list of those whose keys fall into the same place. */
export interface Indexed {
  readonly key: string
  next: Indexed | null
}

const PLACES = 1024

/** What runs by its key. No `Map`: see `lib/bag.ts`. */
export class FlightIndex<T extends Indexed> {
  readonly #first: (T | null)[] = Array.from({ length: PLACES }, () => null)

  /** The one that was added last. */
  get(key: string): T | undefined {
    for (let at = this.#first[placeOf(key)] ?? null; at !== null; at = nextOf(at)) if (at.key === key) return at
    return undefined
  }

  add(flight: T): void {
    const place = placeOf(flight.key)
    flight.next = this.#first[place] ?? null
    this.#first[place] = flight
  }

  /** Where it is not, nothing is removed. */
  remove(flight: T): void {
    const place = placeOf(flight.key)
    let before: T | null = null
    for (let at = this.#first[place] ?? null; at !== null; at = nextOf(at)) {
      if (at === flight) {
        if (before === null) this.#first[place] = nextOf(at)
        else before.next = at.next
        return
      }
      before = at
    }
  }
}

/** All in a list are of one kind: `add` takes no other. */
function nextOf<T extends Indexed>(flight: T): T | null {
  return flight.next as T | null
}

/** Keys are digests in base64: two of their letters are as good as random. */
function placeOf(key: string): number {
  return (key.charCodeAt(0) * 31 + key.charCodeAt(1)) % PLACES
}
