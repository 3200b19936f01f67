/** Counts values by how large they are. */
export class Histogram {
  readonly bounds: readonly number[]
  /** One more than bounds: the last counts what is larger than all of them. */
  readonly counts: number[]
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  observe(value: number): void {
    const { bounds, counts } = this
    let place = 0
    while (place < bounds.length && value > (bounds[place] ?? 0)) place += 1
    counts[place] = (counts[place] ?? 0) + 1
    this.sum += value
  }
}
