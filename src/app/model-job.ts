import type { JobOrder, JobStepOrder } from '../admin/job-desk.ts'
import type { JobView } from '../admin/job-schemas.ts'
import { isOutOfSpace } from '../admin/sync-plan.ts'
import type { Clock } from '../lib/clock.ts'
import type { Upstream } from '../proxy/upstream.ts'
import type { UpstreamState } from '../routing/fleet/upstream-state.ts'
import type { createFollowLines, Following, LinesEnd } from './follow-lines.ts'
import { PullProgress } from './pull-progress.ts'

export interface ModelJobDeps {
  readonly id: string
  readonly fleet: { get(name: string): UpstreamState | undefined }
  readonly clock: Clock
  readonly follow: ReturnType<typeof createFollowLines>
  /** The models of an upstream are others now. */
  wrote(upstream: string): void
  changed(): void
}

interface Step {
  readonly order: JobStepOrder
  readonly progress: PullProgress
  state: JobView['steps'][number]['state']
  error: string | null
  following: Following | null
}

/** One order on its way: upstreams side by side, at each of them one step after the other. */
export class ModelJob {
  readonly id: string
  readonly #order: JobOrder
  readonly #deps: ModelJobDeps
  readonly #steps: readonly Step[]
  readonly #startedAt: number
  #endedAt: number | null = null
  #isCancelled = false

  constructor(order: JobOrder, deps: ModelJobDeps) {
    this.id = deps.id
    this.#order = order
    this.#deps = deps
    this.#startedAt = deps.clock.now()
    this.#steps = order.steps.map((each) => ({
      ...{ order: each, progress: new PullProgress(), error: null, following: null },
      state: 'waiting',
    }))
  }

  get keyId(): string | null {
    return this.#order.keyId
  }

  get isRunning(): boolean {
    return this.#endedAt === null
  }

  async run(): Promise<void> {
    const lanes = Map.groupBy(this.#steps, ({ order }) => order.upstream)
    await Promise.all([...lanes.values()].map((steps) => this.#runLane(steps)))
    this.#endedAt = this.#deps.clock.now()
    this.#deps.changed()
  }

  cancel(): void {
    if (!this.isRunning) return
    this.#isCancelled = true
    for (const { following } of this.#steps) following?.stop()
  }

  view(): JobView {
    const { kind, model, user, keyName } = this.#order
    return {
      ...{ id: this.id, kind, model, user, key_name: keyName, state: this.#state() },
      started_at: new Date(this.#startedAt).toISOString(),
      ended_at: this.#endedAt === null ? null : new Date(this.#endedAt).toISOString(),
      steps: this.#steps.map(stepView),
    }
  }

  #state(): JobView['state'] {
    if (this.isRunning) return 'running'
    if (this.#steps.every(({ state }) => state === 'done')) return 'done'
    return this.#isCancelled ? 'cancelled' : 'failed'
  }

  async #runLane(steps: readonly Step[]): Promise<void> {
    let isFull = false
    for (const step of steps) {
      if (this.#isCancelled) this.#close(step, 'cancelled', null)
      else if (isFull && step.order.action === 'pull') this.#close(step, 'skipped', 'no space left')
      else await this.#runStep(step)
      isFull ||= step.error !== null && isOutOfSpace(step.error)
    }
  }

  async #runStep(step: Step): Promise<void> {
    const { upstream: name, action } = step.order
    const state = this.#deps.fleet.get(name)
    if (state === undefined) return this.#close(step, 'failed', 'it is not there any more')
    if (!state.enabled) return this.#close(step, 'failed', 'it is disabled')
    step.state = 'running'
    step.following = this.#ask(step, state.upstream)
    this.#deps.changed()
    const end = await step.following.ended
    step.following = null
    if (end.kind === 'stopped') return this.#close(step, 'cancelled', null)
    const error = action === 'pull' ? pullError(end, step.progress) : removalError(end)
    // A pull that failed may have left something, and a list that is read again costs nothing.
    this.#deps.wrote(name)
    this.#close(step, error === null ? 'done' : 'failed', error)
  }

  #ask({ order: { action, model }, progress }: Step, upstream: Upstream): Following {
    if (action === 'remove')
      return this.#deps.follow(upstream, { method: 'DELETE', path: '/api/delete', body: { model } }, () => {})
    const request = { method: 'POST', path: '/api/pull', body: { model, stream: true } } as const
    return this.#deps.follow(upstream, request, (line) => {
      progress.heard(line, this.#deps.clock.now())
      this.#deps.changed()
    })
  }

  #close(step: Step, state: Step['state'], error: string | null): void {
    step.state = state
    step.error = error
    this.#deps.changed()
  }
}

function pullError(end: Exclude<LinesEnd, { kind: 'stopped' }>, { isDone }: PullProgress): string | null {
  if (end.kind === 'failed') return end.detail
  if (end.error !== null) return end.error
  if (end.status !== 200) return `it answered ${end.status}`
  return isDone ? null : 'its answer ended before it was done'
}

/** What is not there need not be removed. */
function removalError(end: Exclude<LinesEnd, { kind: 'stopped' }>): string | null {
  if (end.kind === 'failed') return end.detail
  if (end.status === 200 || end.status === 404) return null
  return end.error ?? `it answered ${end.status}`
}

function stepView({ order, progress, state, error }: Step): JobView['steps'][number] {
  const { status, totalBytes, completedBytes, bytesPerSecond } = progress.read()
  return {
    ...{ upstream: order.upstream, action: order.action, model: order.model, state, status, error },
    total_bytes: totalBytes,
    completed_bytes: completedBytes,
    bytes_per_second: state === 'running' ? bytesPerSecond : null,
  }
}
