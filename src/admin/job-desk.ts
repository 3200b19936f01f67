import type { JobView } from './job-schemas.ts'

/** Changes of models that the gateway itself carries out, whoever stays to watch. */
export interface JobDesk {
  /** The newest first: those that run, and the last that have ended. */
  list(): readonly JobView[]
  /** Is told after something has changed, some times a second at most, until it calls what it got. */
  onChange(listener: () => void): () => void
  /** Throws GatewayError `invalid_input` where as many run as may. */
  checkRoom(): void
  start(order: JobOrder): JobView
  /** Undefined: it is not known any more. */
  cancel(id: string): JobView | undefined
}

export interface JobOrder {
  readonly kind: JobView['kind']
  readonly model: string | null
  readonly user: string | null
  readonly keyName: string | null
  readonly keyId: string | null
  /** Upstreams go on side by side, each one step at a time in this order. */
  readonly steps: readonly JobStepOrder[]
}

export type JobStepOrder = Pick<JobView['steps'][number], 'upstream' | 'action' | 'model'>
