/** By how much what is seen differs from what was assumed. Large samples count more; old ones fade. */
export class LearntFactor {
  #seen = 0
  #assumed = 0
  /** How many samples it has heard. */
  samples = 0

  get isLearnt(): boolean {
    return this.samples > 0
  }

  /** Undefined before the first sample. */
  get value(): number | undefined {
    return this.#assumed === 0 ? undefined : this.#seen / this.#assumed
  }

  /** The same, held near `base` by so much of it until more has been seen. */
  towards(base: number, weight: number): number {
    return (this.#seen + base * weight) / (this.#assumed + weight)
  }

  hear(seen: number, assumed: number): void {
    this.#seen = this.#seen * FADE + seen
    this.#assumed = this.#assumed * FADE + assumed
    this.samples += 1
  }
}

/** About the last twenty samples count. */
const FADE = 0.95
