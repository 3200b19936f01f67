import type { AnswerLine } from './follow-lines.ts'
import { wordsOf } from './follow-lines.ts'

export interface Progress {
  readonly status: string
  /** Of all layers that it has told of; null where it moves none. */
  readonly totalBytes: number | null
  readonly completedBytes: number | null
  readonly bytesPerSecond: number | null
}

interface Layer {
  readonly total: number
  readonly completed: number
}

interface Sample {
  readonly at: number
  readonly bytes: number
}

/** Speed is what was moved within this. */
const WINDOW_MS = 5000
/** So that no server fills the memory. */
const MAX_LAYERS = 1000

/** How far a pull is, from the lines of its answer. */
export class PullProgress {
  #status = ''
  readonly #layers = new Map<string, Layer>()
  #samples: Sample[] = []
  isDone = false

  heard(line: AnswerLine, now: number): void {
    const { status, digest } = line
    if (typeof status === 'string') this.#status = wordsOf(status)
    this.isDone = status === 'success'
    const layer = layerOf(line)
    if (layer === undefined || typeof digest !== 'string') return
    if (!this.#layers.has(digest) && this.#layers.size >= MAX_LAYERS) return
    const isNew = !this.#layers.has(digest)
    this.#layers.set(digest, layer)
    // What was there from an earlier pull was not moved now.
    if (isNew) this.#samples = []
    this.#samples = this.#samples.filter(({ at }) => now - at <= WINDOW_MS)
    this.#samples.push({ at: now, bytes: this.#sum('completed') })
  }

  read(): Progress {
    const isKnown = this.#layers.size > 0
    return {
      status: this.#status,
      totalBytes: isKnown ? this.#sum('total') : null,
      completedBytes: isKnown ? this.#sum('completed') : null,
      bytesPerSecond: this.isDone ? null : this.#speed(),
    }
  }

  #speed(): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined || last.at <= first.at) return null
    return Math.max(0, Math.round(((last.bytes - first.bytes) * 1000) / (last.at - first.at)))
  }

  #sum(what: keyof Layer): number {
    let sum = 0
    for (const layer of this.#layers.values()) sum += layer[what]
    return sum
  }
}

function layerOf({ total, completed }: AnswerLine): Layer | undefined {
  if (!isBytes(total)) return undefined
  return { total, completed: isBytes(completed) ? Math.min(completed, total) : 0 }
}

function isBytes(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
