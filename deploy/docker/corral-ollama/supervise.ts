import { setTimeout as pause } from 'node:timers/promises'
import { askOllama } from './ask-ollama.ts'
import { startChild, type Child } from './child.ts'
import { pullModels } from './pull-models.ts'
import type { ContainerSettings } from './settings.ts'

type Say = (sentence: string) => void

/** Why the container ends. */
type Reason =
  | { readonly kind: 'signal' }
  | { readonly kind: 'died'; readonly code: number; readonly sentence: string }
  | { readonly kind: 'no-model'; readonly sentence: string }

const OLLAMA_START_MS = 120_000
const LOOK_EVERY_MS = 100
/** For a process that has nothing left to wait for. */
const STOP_MS = 10_000

/** Runs both until one dies, the model cannot be had, or a signal comes; returns the exit code. */
export async function supervise(host: NodeJS.Process, settings: ContainerSettings, say: Say): Promise<number> {
  const stopping = new AbortController()
  const ollama = startChild('ollama', ['serve'], settings.ollama)
  const corral = startChild('corral', ['serve'], settings.corral)
  const sweep = (): void => [corral, ollama].forEach((child) => child.sweep())
  host.once('exit', sweep)
  const signalled = new Promise<Reason>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      host.on(signal, () => {
        resolve({ kind: 'signal' })
        // A second one reaches Corral too, which then does not wait for its streams any more.
        corral.send('SIGTERM')
      })
    }
  })
  host.on('SIGHUP', () => corral.send('SIGHUP'))

  const reason = await Promise.race([
    signalled,
    death(corral),
    death(ollama),
    lackOfModels(settings, say, stopping.signal),
  ])
  stopping.abort()
  const code = await stop(reason, { corral, ollama }, say)
  sweep()
  return code
}

async function death({ name, ended }: Child): Promise<Reason> {
  const { code, how } = await ended
  return { kind: 'died', code: code === 0 ? 1 : code, sentence: `${name} ${how}: the container ends` }
}

/** Settles only where the models cannot be had. */
async function lackOfModels(settings: ContainerSettings, say: Say, signal: AbortSignal): Promise<Reason> {
  const sentence = await prepare(settings, say, signal)
  if (sentence !== undefined) return { kind: 'no-model', sentence }
  if (!signal.aborted) say(`models ready: ${settings.models.join(', ')}`)
  return new Promise(() => undefined)
}

async function prepare(
  { ollamaUrl, models }: ContainerSettings,
  say: Say,
  signal: AbortSignal,
): Promise<string | undefined> {
  const deadline = performance.now() + OLLAMA_START_MS
  while (!(await answers(ollamaUrl, signal))) {
    if (signal.aborted) return undefined
    if (performance.now() > deadline) return `Ollama did not answer at ${ollamaUrl} within ${OLLAMA_START_MS / 1000} s`
    await rest(LOOK_EVERY_MS, signal)
  }
  return pullModels(models, { say, now: () => performance.now(), pause: rest }, { ollamaUrl, signal })
}

async function answers(ollamaUrl: string, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await askOllama({ url: `${ollamaUrl}/api/version`, idleMs: 1_000, signal })
    answer.resume()
    return answer.statusCode === 200
  } catch {
    return false
  }
}

/** Corral first, as long as its drain takes; then Ollama, which the streams that were drained came from. */
async function stop(reason: Reason, { corral, ollama }: { corral: Child; ollama: Child }, say: Say): Promise<number> {
  if (reason.kind !== 'signal') {
    say(reason.sentence)
    corral.send('SIGTERM')
    await endWithin(STOP_MS, corral)
  }
  const { code } = await corral.ended
  ollama.send('SIGTERM')
  await endWithin(STOP_MS, ollama)
  if (reason.kind === 'died') return reason.code
  if (reason.kind === 'no-model') return 1
  return code
}

async function endWithin(limitMs: number, child: Child): Promise<void> {
  const timer = setTimeout(() => child.sweep(), limitMs)
  await child.ended
  clearTimeout(timer)
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined)
}
