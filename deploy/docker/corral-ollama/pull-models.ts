import { askOllama, readLines } from './ask-ollama.ts'
import { createPullProgress, type PullLine } from './pull-progress.ts'

export interface PullDeps {
  say(sentence: string): void
  now(): number
  /** Resolves early when the signal is aborted. */
  pause(ms: number, signal: AbortSignal): Promise<void>
}

export interface PullTerms {
  readonly ollamaUrl: string
  readonly signal: AbortSignal
}

interface Failure {
  readonly reason: string
  /** Whether trying again is of no use. */
  readonly isFinal: boolean
}

/** Between one try and the next. */
const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 16_000] as const
/** The digest of a layer of a hundred gigabytes takes minutes, in which nothing is told. */
const IDLE_MS = 15 * 60_000
const SHOW_MS = 30_000
const hopeless =
  /file does not exist|not found|invalid|unauthori[sz]ed|newer version of ollama|no space left|read-only/i

/**
 * Pulls one model after the other. Returns why one of them cannot be served; a model that is in the volume already is
 * served as it is there.
 */
export async function pullModels(
  models: readonly string[],
  deps: PullDeps,
  terms: PullTerms,
): Promise<string | undefined> {
  for (const model of models) {
    const isThere = await isInstalled(model, terms)
    const failure = await pullWithPatience(model, deps, { ...terms, waitsMs: isThere ? [] : WAITS_MS })
    if (terms.signal.aborted) return undefined
    if (failure === undefined) deps.say(`${model} is there`)
    else if (isThere)
      deps.say(`warning: cannot update ${model}: ${failure.reason}; it is served as it is in the volume`)
    else return `cannot pull ${model}: ${failure.reason}; check OLLAMA_MODEL, the network and the space in the volume`
  }
  return undefined
}

async function pullWithPatience(
  model: string,
  deps: PullDeps,
  { waitsMs, ...terms }: PullTerms & { readonly waitsMs: readonly number[] },
): Promise<Failure | undefined> {
  for (const waitMs of [...waitsMs, undefined]) {
    const failure = await pull(model, deps, terms)
    if (failure === undefined || failure.isFinal || waitMs === undefined || terms.signal.aborted) return failure
    deps.say(`pulling ${model} failed: ${failure.reason}; trying again in ${waitMs / 1000} s`)
    await deps.pause(waitMs, terms.signal)
  }
  return undefined
}

async function pull(model: string, deps: PullDeps, { ollamaUrl, signal }: PullTerms): Promise<Failure | undefined> {
  const tell = createPullProgress(model, deps)
  let last: PullLine = {}
  try {
    const answer = await askOllama({ url: `${ollamaUrl}/api/pull`, body: { model }, idleMs: IDLE_MS, signal })
    for await (const line of readLines(answer)) {
      last = JSON.parse(line) as PullLine
      if (last.error !== undefined) break
      tell(last)
    }
    if (last.error === undefined && last.status === 'success') return undefined
    const reason = oneLine(last.error ?? `the answer of Ollama (status ${answer.statusCode}) ended early`)
    return { reason, isFinal: last.error !== undefined && hopeless.test(reason) }
  } catch (error) {
    return { reason: oneLine(error instanceof Error ? error.message : String(error)), isFinal: false }
  }
}

async function isInstalled(model: string, { ollamaUrl, signal }: PullTerms): Promise<boolean> {
  try {
    const answer = await askOllama({ url: `${ollamaUrl}/api/show`, body: { model }, idleMs: SHOW_MS, signal })
    answer.resume()
    return answer.statusCode === 200
  } catch {
    return false
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
