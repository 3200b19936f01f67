import type { Compute, ComputeStream } from './compute.ts'
import type { Fault } from './faults.ts'
import type { InstalledModel } from './model-store.ts'
import { OllamaError, RUNNER_DIED } from './ollama-error.ts'
import { type ReadyOptions, speedOf } from './options.ts'
import { pause, turn } from './pause.ts'
import type { Runner, Runners } from './runners.ts'
import { sharedPrefix, type Slot } from './slots.ts'
import { seedOf, tokenAt } from './words.ts'

export interface Job {
  readonly model: InstalledModel
  readonly prompt: string
  /** Tokens; undefined lets the model end by itself. */
  readonly limit: number | undefined
  readonly think: boolean
  /** The tool the answer calls, if any. */
  readonly tool: ToolCall | undefined
  readonly contextLength: number
  readonly keepAliveMs: number | undefined
}

export interface ToolCall {
  readonly name: string
  readonly arguments: Readonly<Record<string, unknown>>
}

export type Part =
  | { readonly kind: 'thinking' | 'content'; readonly text: string }
  | { readonly kind: 'tool'; readonly call: ToolCall }

export interface Metrics {
  readonly doneReason: 'stop' | 'length'
  readonly totalNs: number
  readonly loadNs: number
  readonly promptTokens: number
  readonly promptNs: number
  readonly answerTokens: number
  readonly answerNs: number
}

export interface Generation {
  /** Ends after the last token. The slot is free when the iteration ends, however it does. */
  readonly parts: AsyncIterable<Part>
  /** Valid after the last part. */
  metrics(): Metrics
}

export interface GenerationDeps {
  readonly runners: Runners
  readonly options: ReadyOptions
  readonly compute: Compute
}

/** Tokens a thinking model spends before it answers, at most. */
const THINKING_TOKENS = 8

/** Resolves when the first token can come: the wait for a slot, the load and the prompt lie before it. */
export async function startGeneration(
  deps: GenerationDeps,
  job: Job,
  context: { readonly signal: AbortSignal; readonly fault: Fault | undefined },
): Promise<Generation> {
  const start = performance.now()
  const { signal, fault } = context
  const use = await deps.runners.acquire({ ...job, signal })
  let slot: Slot
  const loadNs = nanoseconds(start)
  try {
    slot = await use.runner.slots.take(job.prompt, signal)
  } catch (error) {
    use.release()
    throw error
  }
  const work = startWork(deps, { job, runner: use.runner, signal })
  const leaveSlot = onceLeaving(use, slot, fault?.kind === 'lose-slot' ? signal : undefined)
  const leave = (): void => {
    work.close()
    leaveSlot()
  }
  try {
    const promptStart = performance.now()
    const prompt = readPrompt(deps.options, job, slot)
    await work.read(prompt.fresh)
    const state = { start, loadNs, promptTokens: prompt.tokens, promptNs: nanoseconds(promptStart) }
    return produce(deps.options, job, { ...state, slot, work, fault, leave })
  } catch (error) {
    leave()
    throw error
  }
}

interface Production {
  readonly start: number
  readonly loadNs: number
  readonly promptTokens: number
  readonly promptNs: number
  readonly slot: Slot
  readonly work: ComputeStream
  readonly fault: Fault | undefined
  leave(): void
}

function produce(options: ReadyOptions, job: Job, production: Production): Generation {
  const natural = job.limit ?? job.model.spec.answerTokens ?? options.answerTokens
  const wanted = job.tool === undefined ? natural : (job.think ? THINKING_TOKENS : 0) + 1
  let answerTokens = 0
  let answerNs = 0
  let totalNs = 0

  async function* parts(): AsyncGenerator<Part> {
    const begin = performance.now()
    try {
      const seed = seedOf(job.model.digest + job.prompt)
      while (answerTokens < wanted) {
        if (production.fault?.kind === 'error-line' && answerTokens >= (production.fault.afterChunks ?? 3)) {
          throw new OllamaError(500, RUNNER_DIED)
        }
        const part = nextPart(answerTokens, Math.min(wanted, chunkEnd(answerTokens, options)), { seed, job })
        await production.work.write(part.tokens)
        answerTokens += part.tokens
        // What was written is in the cache as well, for the next turn of the conversation.
        if (part.kind !== 'tool') production.slot.cachedPrompt += part.text
        yield part
      }
    } finally {
      answerNs = nanoseconds(begin)
      totalNs = nanoseconds(production.start)
      production.leave()
    }
  }

  return {
    parts: parts(),
    metrics: () => ({
      doneReason: job.limit === undefined || job.tool !== undefined ? 'stop' : 'length',
      totalNs,
      loadNs: production.loadNs,
      promptTokens: production.promptTokens,
      promptNs: production.promptNs,
      answerTokens,
      answerNs,
    }),
  }
}

/** The first token waits for no other. */
function chunkEnd(index: number, { tokensPerChunk }: ReadyOptions): number {
  return index === 0 ? 1 : index + tokensPerChunk
}

interface Sized {
  readonly tokens: number
}

/** As many tokens as belong together, before `end`. */
function nextPart(index: number, end: number, answer: { readonly seed: number; readonly job: Job }): Part & Sized {
  const first = partAt(index, answer.seed, answer.job)
  if (first.kind === 'tool') return { ...first, tokens: 1 }
  let { text } = first
  let tokens = 1
  for (; index + tokens < end; tokens += 1) {
    const next = partAt(index + tokens, answer.seed, answer.job)
    if (next.kind !== first.kind) break
    text += next.text
  }
  return { ...first, text, tokens }
}

function partAt(index: number, seed: number, job: Job): Part {
  const text = tokenAt(seed, index)
  if (job.think && index < THINKING_TOKENS) return { kind: 'thinking', text }
  const first = job.think ? THINKING_TOKENS : 0
  if (job.tool !== undefined && index === first) return { kind: 'tool', call: job.tool }
  return { kind: 'content', text }
}

interface Assignment {
  readonly job: Job
  readonly runner: Runner
  readonly signal: AbortSignal
}

function startWork({ options, compute }: GenerationDeps, { job, runner, signal }: Assignment): ComputeStream {
  const speed = speedOf(job.model.spec, options)
  const isFinite = Number.isFinite(speed.prefill) && Number.isFinite(speed.decode)
  if (options.contention && isFinite) return compute.open(runner, speed, signal)
  let pace: ((tokens: number) => Promise<void>) | undefined
  return {
    read: (tokens) => pause((tokens / speed.prefill) * 1000, signal),
    write(tokens) {
      pace ??= createPace(speed.decode, signal)
      return pace(tokens)
    },
    close: () => {},
  }
}

/** Keeps a speed over the whole answer, whatever a single timer does. */
function createPace(tokensPerSecond: number, signal: AbortSignal): (tokens: number) => Promise<void> {
  if (tokensPerSecond === Infinity) return () => turn(signal)
  let due = performance.now()
  return (tokens) => {
    due += (1000 * tokens) / tokensPerSecond
    const ms = due - performance.now()
    return ms > 0.5 ? pause(ms, signal) : turn(signal)
  }
}

function readPrompt(options: ReadyOptions, job: Job, slot: Slot): { tokens: number; fresh: number } {
  const count = (characters: number): number => Math.ceil(characters / options.charactersPerToken)
  const tokens = Math.max(1, count(job.prompt.length))
  const cached = count(sharedPrefix(slot.cachedPrompt, job.prompt))
  // The last token is always read again: its result begins the answer.
  const fresh = Math.max(1, tokens - cached)
  slot.cachedPrompt = job.prompt
  return { tokens: options.cachedTokensCounted ? tokens : fresh, fresh }
}

/** Gives slot and runner back once; a lost slot stays taken if the client left first. */
function onceLeaving(
  use: { readonly runner: Runner; release(): void },
  slot: Slot,
  losing: AbortSignal | undefined,
): () => void {
  let left = false
  return () => {
    if (left) return
    left = true
    if (losing?.aborted === true) use.runner.slots.lose(slot)
    else use.runner.slots.give(slot)
    use.release()
  }
}

function nanoseconds(since: number): number {
  return Math.max(1, Math.round((performance.now() - since) * 1e6))
}
