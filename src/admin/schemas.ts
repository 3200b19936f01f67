import * as z from 'zod'
import { parseAnyModelName } from '../lib/model-name.ts'

const timeSchema = z.iso.datetime()

const loadedModelSchema = z.object({
  model: z.string(),
  state: z.enum(['loading', 'loaded']),
  memory_bytes: z.int().nullable().meta({ description: 'As the upstream says; null: not seen loaded yet' }),
  expires_at: timeSchema.nullable().meta({ description: 'When it unloads the model if nobody asks; null: not known' }),
  running: z.int().meta({ description: 'Requests that have a slot' }),
  slots: z.int().nullable().meta({ description: 'Requests at once, stated or learnt; null: not bounded' }),
  prefill_tokens_per_second: z.number().nullable().meta({ description: 'How fast it reads; null until learnt' }),
  decode_tokens_per_second: z.number().nullable().meta({ description: 'How fast it writes; null until learnt' }),
})

export const statusSchema = z
  .object({
    version: z.string(),
    started_at: timeSchema,
    uptime_seconds: z.number(),
    upstreams: z.array(
      z.object({
        name: z.string(),
        url: z.string().meta({ description: 'Empty for an agent' }),
        fault: z.string().nullable().meta({ description: 'Why it is down' }),
        agent: z
          .object({
            pool: z.string(),
            host: z.string(),
            address: z.string(),
            transport: z.enum(['ws', 'sse']),
            software: z.string(),
            connected: z.boolean(),
            connected_at: timeSchema.meta({ description: 'When it connected last' }),
            round_trip_ms: z.number().nullable(),
          })
          .nullable()
          .meta({ description: 'Null: not behind an agent' }),
        state: z.enum(['up', 'down', 'unknown', 'disabled']).meta({ description: 'unknown: not probed yet' }),
        version: z.string().nullable(),
        priority: z.int(),
        slow: z.boolean().meta({ description: 'Its last health probe took longer than max_response_time' }),
        running: z.int().meta({ description: 'Exchanges at this upstream now' }),
        waiting: z.int().meta({ description: 'Requests in the queue that it could take' }),
        round_trip_ms: z.number().nullable().meta({ description: 'Learnt; null until then' }),
        load_bytes_per_second: z.number().nullable().meta({ description: 'Learnt from loads; null until then' }),
        models: z.array(z.string()),
        loaded: z.array(loadedModelSchema),
      }),
    ),
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
