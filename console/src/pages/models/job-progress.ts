import type { Job } from '../../admin-types.ts'

export type Step = Job['steps'][number]

/** How far a job is, over all of its steps. */
export interface Progress {
  readonly done: number
  readonly steps: number
  readonly failed: number
  readonly bytes: number
  /** Null: nobody has told how much there is. */
  readonly totalBytes: number | null
  readonly bytesPerSecond: number | null
}

export function progressOf({ steps }: Pick<Job, 'steps'>): Progress {
  const told = steps.filter((step) => step.total_bytes !== null)
  const speeds = steps.flatMap((step) => (step.state === 'running' ? (step.bytes_per_second ?? []) : []))
  return {
    done: steps.filter(({ state }) => state === 'done').length,
    steps: steps.length,
    failed: steps.filter(({ state }) => state === 'failed' || state === 'skipped').length,
    bytes: sum(told.map((step) => step.completed_bytes ?? 0)),
    totalBytes: told.length === 0 ? null : sum(told.map((step) => step.total_bytes ?? 0)),
    bytesPerSecond: speeds.length === 0 ? null : sum(speeds),
  }
}

/** Milliseconds until a step is done at the speed it has; null: nobody can tell. */
export function remainingMs({ state, total_bytes, completed_bytes, bytes_per_second }: Step): number | null {
  if (state !== 'running' || total_bytes === null || bytes_per_second === null || bytes_per_second <= 0) return null
  return (Math.max(0, total_bytes - (completed_bytes ?? 0)) / bytes_per_second) * 1000
}

/** What a job is, as a title. */
export function jobTitle({ kind, model, steps }: Pick<Job, 'kind' | 'model' | 'steps'>): string {
  if (kind === 'sync') return 'Bring the fleet in step with the config'
  const upstreams = new Set(steps.map(({ upstream }) => upstream))
  const where = upstreams.size === 1 ? [...upstreams][0] : `${upstreams.size} upstreams`
  const what = model ?? 'several models'
  return kind === 'pull' ? `Pull ${what} to ${where}` : `Delete ${what} from ${where}`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
