/**
 * Keeps things under small numbers that are used again, for whoever carries the number. Unlike a `Map` it leaves no
 * tables behind where things come and go all the time; see `bag.ts`.
 */
export class Shelf<T> {
  readonly #things: (T | undefined)[] = []
  readonly #free: number[] = []

  get size(): number {
    return this.#things.length - this.#free.length
  }

  put(thing: T): number {
    const place = this.#free.pop() ?? this.#things.length
    this.#things[place] = thing
    return place
  }

  at(place: number | undefined): T | undefined {
    return place === undefined ? undefined : this.#things[place]
  }

  /** Where nothing is, nothing is taken. */
  take(place: number): void {
    if (this.#things[place] === undefined) return
    this.#things[place] = undefined
    this.#free.push(place)
  }
}
