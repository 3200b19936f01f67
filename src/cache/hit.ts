import type { Dialect } from '../dialects/dialect.ts'
import type { AnswerFacts, Claim, SharedWork } from '../proxy/router.ts'
import type { Attempt, ResponseSink, Upstream, UpstreamRequest } from '../proxy/upstream.ts'
import { Reading, type ReadingDesk } from './reading.ts'
import type { Recording } from './recording.ts'

/** The claim of an answer that is there already, and the upstream that gives it. */
export class Hit implements Claim, Upstream, SharedWork {
  readonly cached = 'hit'
  /** The upstream that gave it once. */
  readonly id: string
  readonly worker = null
  readonly #recording: Recording
  readonly #dialects: ReadonlySet<Dialect>

  constructor(recording: Recording, { upstream, dialect }: { readonly upstream: string; readonly dialect: Dialect }) {
    this.id = upstream
    this.#recording = recording
    this.#dialects = new Set([dialect])
  }

  get upstream(): Upstream {
    return this
  }

  get shared(): SharedWork {
    return this
  }

  speaks(): ReadonlySet<Dialect> {
    return this.#dialects
  }

  send(_request: UpstreamRequest, sink: ResponseSink): Attempt {
    const reading = new Reading(this.#recording, sink, NOBODY)
    reading.pumpSoon()
    return reading
  }

  /** Nobody has worked for it. */
  charged(): Pick<AnswerFacts, 'usage' | 'timings'> | null {
    return null
  }

  began(): void {}

  answered(): void {}

  report(): void {}

  release(): void {}

  isLost(): boolean {
    return false
  }
}

const NOBODY: ReadingDesk = { left() {}, wantsMore() {}, done() {} }
