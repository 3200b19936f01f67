import { z } from 'zod'
import { duration, section, settingFacts } from '../lib/setting.ts'

export interface RoutingSettings {
  readonly modelTtlMs: number
  readonly connectTimeoutMs: number
  readonly firstByteTimeoutMs: number
  readonly idleTimeoutMs: number
  /** Share of exchanges that may be tried a second time, 0 to 1. */
  readonly retryBudget: number
  readonly healthIntervalMs: number
}

const wantedShare = 'a share such as 20% or 0.2'

const share = z
  .union([z.string(), z.number()], { error: wantedShare })
  .transform((written, context) => {
    const match = /^(\d{1,3}(?:\.\d+)?)(%?)$/.exec(String(written))
    const value = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1)
    if (value >= 0 && value <= 1) return value
    context.addIssue({ code: 'custom', message: wantedShare })
    return z.NEVER
  })
  .register(settingFacts, { description: 'Share of requests that may be tried again at another upstream.' })
  .prefault('20%')

export const routingSlice = {
  routing: section('How an upstream is chosen and how long it may take.', {
    model_ttl: duration('30s', 'How long the list of models of an upstream is believed.', { minMs: 100 }),
    connect_timeout: duration('5s', 'How long connecting to an upstream may take.', { minMs: 10 }),
    first_byte_timeout: duration(
      '30m',
      'How long an upstream may be silent before its answer begins, loading a model for instance.',
      {
        minMs: 100,
      },
    ),
    idle_timeout: duration('10m', 'How long an answer or an upload may stand still.', { minMs: 100 }),
    retry_budget: share,
    health_interval: duration('5s', 'How often each upstream is asked whether it is there.', {
      minMs: 50,
      maxMs: 86_400_000,
    }),
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
  }
}
