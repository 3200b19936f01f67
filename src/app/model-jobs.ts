import type { JobDesk, JobOrder } from '../admin/job-desk.ts'
import type { JobView } from '../admin/job-schemas.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createListeners } from '../routing/fleet/listeners.ts'
import type { RoutingCore } from '../routing/routing-core.ts'
import type { StartTimer } from '../routing/timer.ts'
import { createFollowLines } from './follow-lines.ts'
import { ModelJob } from './model-job.ts'

export interface ModelJobs extends JobDesk {
  /** Cancels what was begun with a key that is not valid any more. */
  endKey(keyId: string): void
  /** Cancels all that run. */
  stop(): void
}

export interface ModelJobsDeps {
  readonly core: Pick<RoutingCore, 'fleet' | 'modelsChanged'>
  readonly clock: Clock
  readonly startTimer: StartTimer
  randomId(): string
  readonly log: Log
}

const MAX_RUNNING = 32
const MAX_ENDED = 50
/** A server tells of its progress many times a second. */
const TELL_EVERY_MS = 200

export function createModelJobs(deps: ModelJobsDeps): ModelJobs {
  const { core, log, startTimer } = deps
  const changed = createListeners<void>()
  const follow = createFollowLines(deps)
  let jobs: readonly ModelJob[] = []
  let cancelTimer: (() => void) | null = null
  let isStopped = false

  const tell = (): void => {
    if (isStopped) return
    cancelTimer ??= startTimer(TELL_EVERY_MS, () => {
      cancelTimer = null
      changed.tell()
    })
  }
  const running = (): ModelJob[] => jobs.filter(({ isRunning }) => isRunning)
  const ended = (job: ModelJob): void => {
    const { id, kind, model, state, steps } = job.view()
    const undone = steps.filter((step) => step.state !== 'done').length
    log.info({ job: id, kind, model, state, steps: steps.length, undone }, 'a job has ended')
    const kept = new Set(jobs.filter(({ isRunning }) => !isRunning).slice(0, MAX_ENDED))
    jobs = jobs.filter((each) => each.isRunning || kept.has(each))
    tell()
  }

  return {
    list: () => jobs.map((job) => job.view()),
    onChange: changed.add,
    checkRoom() {
      if (running().length < MAX_RUNNING) return
      throw new GatewayError('invalid_input', {
        message: `${MAX_RUNNING} jobs run already: wait for one, or cancel it`,
      })
    },
    start(order: JobOrder): JobView {
      const job = new ModelJob(order, {
        ...{ clock: deps.clock, fleet: core.fleet, wrote: core.modelsChanged, follow, changed: tell },
        id: `job_${deps.randomId()}`,
      })
      jobs = [job, ...jobs]
      log.info({ job: job.id, kind: order.kind, model: order.model, by: order.user }, 'a job begins')
      void job.run().then(() => ended(job))
      tell()
      return job.view()
    },
    cancel(id) {
      const job = jobs.find((each) => each.id === id)
      job?.cancel()
      return job?.view()
    },
    endKey(keyId) {
      for (const job of running()) if (job.keyId === keyId) job.cancel()
    },
    stop() {
      isStopped = true
      for (const job of running()) job.cancel()
      cancelTimer?.()
    },
  }
}
