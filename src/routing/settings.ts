import { z } from 'zod'
import { duration, section, setting, toggle, wholeNumber } from '../lib/setting.ts'

export interface RoutingSettings {
  readonly modelTtlMs: number
  readonly connectTimeoutMs: number
  readonly firstByteTimeoutMs: number
  readonly idleTimeoutMs: number
  /** Share of exchanges that may be tried a second time, 0 to 1. */
  readonly retryBudget: number
  readonly healthIntervalMs: number
  /** Whether the server that holds the beginning of a conversation is worth what it saves. */
  readonly affinity: boolean
  /** A worse tier is used when the better one's wait is longer than this. */
  readonly spillAfterMs: number
}

export interface QueueSettings {
  /** Requests that may wait at once, over all models. */
  readonly maxLength: number
  readonly maxWaitMs: number
}

const share = setting(
  z.union([z.string(), z.number()]),
  (written) => {
    const match = /^(\d{1,3}(?:\.\d+)?)(%?)$/.exec(String(written))
    const value = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1)
    return value >= 0 && value <= 1 ? value : undefined
  },
  {
    wanted: 'a share such as 20% or 0.2',
    description: 'Share of requests that may be tried again at another upstream.',
  },
)

export const routingSlice = {
  routing: section('How an upstream is chosen and how long it may take.', {
    model_ttl: duration({
      description: "How long an upstream's list of models is believed.",
      minMs: 100,
    }).prefault('30s'),
    connect_timeout: duration({
      description: 'How long connecting to an upstream may take.',
      minMs: 10,
    }).prefault('5s'),
    first_byte_timeout: duration({
      description: 'How long an upstream may be silent before its answer begins, while it loads a model for instance.',
      minMs: 100,
    }).prefault('30m'),
    idle_timeout: duration({
      description: 'How long an answer or an upload may stand still.',
      minMs: 100,
    }).prefault('10m'),
    spill_after: duration({
      description: 'Upstreams of a worse priority are used too when waiting for a better one would take longer.',
    }).prefault('20s'),
    affinity: toggle(
      'Whether a conversation prefers the upstream that still holds its beginning, by as much as that saves.',
    ).prefault('on'),
    retry_budget: share.prefault('20%'),
    health_interval: duration({
      description: 'How often each upstream is asked whether it is there.',
      minMs: 50,
      maxMs: 86_400_000,
    }).prefault('5s'),
  }).prefault({}),
}

export function toRoutingSettings({ routing: raw }: z.output<z.ZodObject<typeof routingSlice>>): RoutingSettings {
  return {
    modelTtlMs: raw.model_ttl,
    connectTimeoutMs: raw.connect_timeout,
    firstByteTimeoutMs: raw.first_byte_timeout,
    idleTimeoutMs: raw.idle_timeout,
    retryBudget: raw.retry_budget,
    healthIntervalMs: raw.health_interval,
    affinity: raw.affinity,
    spillAfterMs: raw.spill_after,
  }
}

export const queueSlice = {
  queue: section('Where requests wait until an upstream has a free slot for them.', {
    max_length: wholeNumber({
      description: 'How many may wait at once; one more is answered with 503 and when to come again.',
      min: 0,
      max: 100_000,
    }).prefault(512),
    max_wait: duration({
      description: 'How long one may wait before it is answered with 503.',
      minMs: 10,
      maxMs: 86_400_000,
    }).prefault('5m'),
  }).prefault({}),
}

export function toQueueSettings({ queue: raw }: z.output<z.ZodObject<typeof queueSlice>>): QueueSettings {
  return { maxLength: raw.max_length, maxWaitMs: raw.max_wait }
}
