import { isOutOfSpace, type UpstreamPlan } from '../../admin/sync-plan.ts'
import type { GatewayTarget } from '../gateway-target.ts'
import { type ModelListener, requestModels } from './model-requests.ts'
import type { ProgressBoard } from './progress-board.ts'
import { type ServerProgress, ServersProgress } from './server-progress.ts'

/** What became of one line of the plan. */
export interface SyncStep {
  readonly upstream: string
  readonly action: 'pull' | 'remove'
  readonly model: string
  /** `skipped`: its upstream had no space left for an earlier one. */
  readonly outcome: 'done' | 'failed' | 'skipped'
  readonly error: string | null
}

export interface SyncTerms {
  readonly target: GatewayTarget
  readonly board: ProgressBoard
  readonly signal: AbortSignal
}

/** Brings the upstreams in step, all at once, each one model at a time: what goes first makes room for what comes. */
export async function runSync(plans: readonly UpstreamPlan[], terms: SyncTerms): Promise<SyncStep[]> {
  const latest = new Map<string, ServerProgress>()
  const show = (progress: ServerProgress): void => {
    latest.set(progress.name, progress)
    terms.board.show([...latest.values()])
  }
  const steps = await Promise.all(plans.map((plan) => bringInStep(plan, terms, show)))
  return steps.flat()
}

async function bringInStep(
  { upstream, removals, pulls }: UpstreamPlan,
  { target, signal }: SyncTerms,
  show: (progress: ServerProgress) => void,
): Promise<SyncStep[]> {
  const steps: SyncStep[] = []
  for (const { model } of removals) {
    const request = { method: 'DELETE', path: '/api/delete', body: { model }, on: [upstream] } as const
    const error = await failureOf(requestModels(target, request, { signal }), signal)
    steps.push({ upstream, action: 'remove', model, outcome: error === null ? 'done' : 'failed', error })
  }
  let full = false
  for (const { model } of pulls) {
    if (full) {
      steps.push({ upstream, action: 'pull', model, outcome: 'skipped', error: 'no space left' })
      continue
    }
    const request = { method: 'POST', path: '/api/pull', body: { model }, on: [upstream] } as const
    const error = await failureOf(
      requestModels(target, request, { signal, listener: following(upstream, model, show) }),
      signal,
    )
    full = error !== null && isOutOfSpace(error)
    steps.push({ upstream, action: 'pull', model, outcome: error === null ? 'done' : 'failed', error })
    const state = error === null ? 'done' : 'failed'
    show({ name: upstream, state, status: `${model}: ${error ?? 'done'}`, layer: null })
  }
  return steps
}

function following(upstream: string, model: string, show: (progress: ServerProgress) => void): ModelListener {
  const progress = new ServersProgress()
  progress.began([upstream])
  return {
    line(line) {
      progress.heard(line)
      const [server] = progress.list()
      if (server?.state === 'running') show({ ...server, status: `${model}: ${server.status}` })
    },
  }
}

/** One that fails does not end the others; a stop ends all. */
async function failureOf(asked: ReturnType<typeof requestModels>, signal: AbortSignal): Promise<string | null> {
  try {
    return (await asked).error
  } catch (error) {
    signal.throwIfAborted()
    return error instanceof Error ? error.message : String(error)
  }
}
