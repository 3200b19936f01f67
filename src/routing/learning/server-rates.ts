import { LearntFactor } from './learnt-factor.ts'
import { type PairRates, Speed } from './pair-rates.ts'

/** What is known of one upstream, whatever model it runs. */
export class ServerRates {
  readonly speed = new Speed()
  readonly pairs = new Map<string, PairRates>()
  readonly #load = new LearntFactor()
  #networkMs: number | null = null

  get networkMs(): number {
    return this.#networkMs ?? USUAL_NETWORK_MS
  }

  /** Null before the first probe. */
  get roundTripMs(): number | null {
    return this.#networkMs
  }

  /** Null before the first load. */
  get loadBytesPerSecond(): number | null {
    const factor = this.#load.value
    return factor === undefined ? null : 1000 / (LOAD_MS_PER_BYTE * factor)
  }

  loadMs(bytes: number): number {
    return assumedLoadMs(bytes) * (this.#load.value ?? 1)
  }

  heardLoad(bytes: number, tookMs: number): void {
    if (bytes > 0 && tookMs >= MIN_LOAD_MS) this.#load.hear(tookMs, assumedLoadMs(bytes))
  }

  probed(tookMs: number): void {
    const before = this.#networkMs ?? tookMs
    this.#networkMs = before + (tookMs - before) * (tookMs < before ? QUICKER_SHARE : SLOWER_SHARE)
  }
}

function assumedLoadMs(bytes: number): number {
  return bytes * LOAD_MS_PER_BYTE + LOAD_START_MS
}

/** Between a SATA disk (0.5 GB/s) and a good NVMe one (3 GB/s); what is loaded again often comes from memory. */
const LOAD_MS_PER_BYTE = 1000 / 1.5e9
/** Starting the runner and its first empty pass. */
const LOAD_START_MS = 1000

const USUAL_NETWORK_MS = 2
/** A probe that was quick says more than one that was slow: the latter waited for something else. */
const QUICKER_SHARE = 0.5
const SLOWER_SHARE = 0.1

/** Below that Ollama only looked the model up. */
const MIN_LOAD_MS = 20
