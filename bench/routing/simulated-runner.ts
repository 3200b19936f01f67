import { decodeMsPerToken, type ModelSpec, prefillMsPerToken, type ServerSpec } from './fleet.ts'
import type { SimulatedRequest } from './workload.ts'

/** What one server does with a request. All times on the virtual clock. */
export interface Answer {
  readonly request: SimulatedRequest
  readonly server: string
  /** Of its prompt, what its slot still knew. */
  cachedTokens: number
  /** What Ollama tells at the end of an answer. */
  loadMs: number
  promptMs: number
  answerMs: number
}

/** Of a token: what is left after rounding. */
const TINY = 1e-6
/** Two streams of one model share a batch: each decodes at 0.6 of its pace alone, and prompts are read in turns. */
const SHARED_DECODE = 1.2
const SHARED_PREFILL = 1

interface Stream {
  readonly answer: Answer
  readonly slot: Slot
  phase: 'prefill' | 'decode'
  /** Tokens of this phase. */
  left: number
  startedMs: number
}

/** What the cache of one sequence holds: it outlives the request, until another one takes the slot. */
interface Slot {
  conversation: number
  tokens: number
  isBusy: boolean
  usedMs: number
}

/** One loaded model: its slots, and the hidden queue before them. */
export class SimulatedRunner {
  readonly model: ModelSpec
  isLoading = true
  idleMs: number
  readonly #server: ServerSpec
  readonly #slots: readonly Slot[]
  readonly #streams: Stream[] = []
  /** First come, first served, without a limit. */
  readonly #waiting: Answer[] = []

  constructor(server: ServerSpec, model: ModelSpec, options: { parallel: number; nowMs: number }) {
    this.model = model
    this.idleMs = options.nowMs
    this.#server = server
    this.#slots = Array.from({ length: options.parallel }, newSlot)
  }

  get isIdle(): boolean {
    return !this.isLoading && this.#streams.length === 0 && this.#waiting.length === 0
  }

  get isActive(): boolean {
    return this.#streams.length > 0
  }

  enqueue(answer: Answer): void {
    this.#waiting.push(answer)
  }

  passTime(ms: number, activeModels: number): void {
    for (const stream of this.#streams) stream.left -= ms * this.#pace(stream, activeModels)
  }

  /** Until one of its streams ends a phase. */
  nextInMs(activeModels: number): number {
    let soonest = Number.POSITIVE_INFINITY
    for (const stream of this.#streams) {
      const left = stream.left <= TINY ? 0 : stream.left
      soonest = Math.min(soonest, left / this.#pace(stream, activeModels))
    }
    return soonest
  }

  /** Answers that have got their first token now, and those that have ended. */
  finishPhases(nowMs: number): { readonly began: readonly Answer[]; readonly ended: readonly Answer[] } {
    const done = this.#streams.filter((stream) => stream.left <= TINY)
    const began = done.filter((stream) => stream.phase === 'prefill')
    const ended = done.filter((stream) => stream.phase === 'decode')
    for (const stream of began) {
      stream.phase = 'decode'
      stream.left = stream.answer.request.answerTokens
      stream.answer.promptMs = nowMs - stream.startedMs
      stream.startedMs = nowMs
    }
    for (const stream of ended) {
      const { answer, slot, startedMs } = stream
      answer.answerMs = nowMs - startedMs
      slot.isBusy = false
      slot.usedMs = nowMs
      slot.tokens = answer.request.promptTokens + answer.request.answerTokens
      this.#streams.splice(this.#streams.indexOf(stream), 1)
    }
    if (ended.length > 0) this.idleMs = nowMs
    return { began: began.map(({ answer }) => answer), ended: ended.map(({ answer }) => answer) }
  }

  startStreams(nowMs: number): void {
    while (!this.isLoading && this.#streams.length < this.#slots.length) {
      const answer = this.#waiting.shift()
      if (answer === undefined) return
      const { request } = answer
      const slot = bestSlot(this.#slots, request)
      answer.cachedTokens = knownTokens(slot, request)
      slot.isBusy = true
      slot.conversation = request.conversation
      // The last token is always read: its successor is the first one of the answer.
      const left = Math.max(1, request.promptTokens - answer.cachedTokens)
      this.#streams.push({ answer, slot, phase: 'prefill', left, startedMs: nowMs })
    }
  }

  /** Tokens per millisecond: models at work share the server, streams of one model share its batch. */
  #pace(stream: Stream, activeModels: number): number {
    const isPrefill = stream.phase === 'prefill'
    const msPerToken = isPrefill
      ? prefillMsPerToken(this.#server, this.model)
      : decodeMsPerToken(this.#server, this.model)
    const together = this.#streams.length
    const gain = isPrefill ? SHARED_PREFILL : SHARED_DECODE
    return (together === 1 ? 1 : gain / together) / (msPerToken * activeModels)
  }
}

function newSlot(): Slot {
  return { conversation: -1, tokens: 0, isBusy: false, usedMs: 0 }
}

/** The free one that knows most of the prompt; of equals the one that was not used for longest. */
function bestSlot(slots: readonly Slot[], request: SimulatedRequest): Slot {
  const [best] = slots
    .filter((slot) => !slot.isBusy)
    .toSorted((a, b) => knownTokens(b, request) - knownTokens(a, request) || a.usedMs - b.usedMs)
  if (best === undefined) throw new Error('A stream was started without a free slot')
  return best
}

function knownTokens(slot: Slot, request: SimulatedRequest): number {
  return slot.conversation === request.conversation ? Math.min(slot.tokens, request.sharedTokens) : 0
}
