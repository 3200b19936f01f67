import * as z from 'zod'
import { parseAnyModelName } from '../lib/model-name.ts'
import { upstreamSchema } from './upstream-schemas.ts'

const timeSchema = z.iso.datetime()

export const statusSchema = z
  .object({
    version: z.string(),
    started_at: timeSchema,
    uptime_seconds: z.number(),
    upstreams: z.array(upstreamSchema),
    queue: z
      .object({
        waiting: z.int(),
        longest_wait_ms: z.number(),
        models: z.array(z.object({ model: z.string(), waiting: z.int(), longest_wait_ms: z.number() })),
      })
      .meta({ description: 'Requests that wait here for a slot' }),
    store: z
      .object({ problem: z.string().nullable().meta({ description: 'Why nothing can be changed now' }) })
      .meta({ description: 'Where users and keys are kept' }),
    ledger: z
      .object({
        policy: z.enum(['best-effort', 'required']),
        written: z.int(),
        waiting: z.int().meta({ description: 'Rows in memory' }),
        lag_ms: z.number().meta({ description: 'How long the oldest of these exchanges has been over' }),
        lost: z.int().meta({ description: 'Rows that found no room in memory' }),
        failing_since: timeSchema.nullable().meta({ description: 'Null: it can be written' }),
        problem: z.string().nullable(),
      })
      .meta({ description: 'The ledger since the start' }),
  })
  .meta({ id: 'Status' })

/** About what a turn of a conversation has. */
export const USUAL_PROMPT_TOKENS = 1000

export const routeQuestionSchema = z.object({
  model: z
    .string()
    .max(1024)
    .refine((name) => parseAnyModelName(name).kind !== 'invalid', { error: 'is not the name of a model' })
    .meta({ description: 'As a client would name it' }),
  prompt_tokens: z.coerce
    .number()
    .int()
    .min(0)
    .max(10_000_000)
    .default(USUAL_PROMPT_TOKENS)
    .meta({ description: 'Length of the prompt' }),
})

const expectedTimesSchema = z.object({
  queue: z.number().meta({ description: 'Until a slot is free' }),
  load: z.number(),
  prefill: z.number(),
  network: z.number(),
  total: z.number(),
})

const upstreamVerdictSchema = z.object({
  name: z.string(),
  eligible: z.boolean(),
  reason: z.string(),
  expected_ms: expectedTimesSchema.nullable().meta({ description: 'Null where it was dropped' }),
})

export const routeExplanationSchema = z
  .object({
    model: z.string().meta({ description: 'After aliases and fallbacks' }),
    selected: z.string().nullable().meta({ description: 'The upstream that would get it now' }),
    upstreams: z.array(upstreamVerdictSchema),
    asked: z.string().meta({ description: 'The model as it was asked for; `model` is the one that would run' }),
    because: z.enum(['alias', 'fallback']).nullable().meta({ description: 'What makes it another than was asked for' }),
    missing: z.boolean().meta({ description: 'Nobody has the model: a request would be a 404' }),
    instead_of: z
      .object({ model: z.string(), upstreams: z.array(upstreamVerdictSchema) })
      .nullable()
      .meta({ description: 'The model that a fallback stands in for, and what speaks against each upstream' }),
  })
  .meta({ id: 'RouteExplanation' })

export type UpstreamVerdictView = z.output<typeof upstreamVerdictSchema>
export type RouteExplanationView = z.output<typeof routeExplanationSchema>
export type GatewayStatus = z.output<typeof statusSchema>
