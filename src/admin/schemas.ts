import * as z from 'zod'
import { MAX_WEIGHT, queueClasses } from '../auth/principal.ts'
import { scopes } from '../auth/scope.ts'
import { entityNameRule, isEntityName } from '../lib/entity-name.ts'
import { parseAnyModelName } from '../lib/model-name.ts'

const maxExpirySeconds = 10 * 365 * 24 * 60 * 60

const nameSchema = z
  .string()
  .refine(isEntityName, { error: `must be ${entityNameRule}` })
  .meta({ minLength: 1, maxLength: 64, description: entityNameRule })

const patternSchema = z.string().min(1).max(512)

const terms = {
  user: nameSchema.optional().meta({ description: 'Whose key it is; admin when omitted' }),
  scopes: z
    .array(z.enum(scopes))
    .min(1)
    .optional()
    .meta({ description: 'What the key may do; chat, embed and models:read when omitted' }),
  models: z
    .array(patternSchema)
    .min(1)
    .nullish()
    .meta({ description: 'Models it may use, globs allowed; null is every local model' }),
  upstreams: z
    .array(patternSchema)
    .min(1)
    .nullish()
    .meta({ description: 'Names of the upstreams it may reach; null is all' }),
  expires_in_seconds: z
    .int()
    .min(1)
    .max(maxExpirySeconds)
    .nullish()
    .meta({ description: 'The key ends by itself after this long; null is never' }),
  class: z
    .enum(queueClasses)
    .optional()
    .meta({ description: 'Whether it waits before all batch keys in the queue; interactive when omitted' }),
  weight: z
    .int()
    .min(1)
    .max(MAX_WEIGHT)
    .optional()
    .meta({ description: 'Its share of the upstreams while others of its class wait too; 1 when omitted' }),
}

export const newUserSchema = z.strictObject({
  name: nameSchema,
  scopes: terms.scopes,
  models: terms.models,
  upstreams: terms.upstreams,
  expires_in_seconds: terms.expires_in_seconds,
  class: terms.class,
  weight: terms.weight,
})

export const userNameSchema = z.strictObject({ name: nameSchema })
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

export const newKeySchema = z.strictObject({
  name: nameSchema,
  ...terms,
  pools: z
    .array(z.string().min(1).max(64))
    .min(1)
    .nullish()
    .meta({ description: 'Of a key with scope agent: the pools its agents may join; default when omitted' }),
  format: z.enum(['crl', 'ollama-uuid']).optional().meta({ description: 'Shape of the secret; crl when omitted' }),
})

export const newSshKeySchema = z.strictObject({
  name: nameSchema,
  ...terms,
  public_key: z.string().max(4096).meta({ description: 'The line of id_ed25519.pub' }),
})

export const keyImportSchema = z.strictObject({
  text: z.string().meta({ description: 'authTokens.json, or one OLLAMA-UUID key per line' }),
  ...terms,
})

export const keyFilterSchema = z.object({ user: nameSchema.optional() })

const timeSchema = z.iso.datetime()

export const userSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    state: z.enum(['active', 'disabled']),
    created_at: timeSchema,
    active_keys: z.int().meta({ description: 'Keys that would be accepted now' }),
  })
  .meta({ id: 'User' })

const keyShape = {
  id: z.string(),
  name: z.string(),
  user: z.string(),
  kind: z.enum(['key', 'ssh']),
  scopes: z.array(z.enum(scopes)),
  models: z.array(z.string()).nullable(),
  upstreams: z.array(z.string()).nullable(),
  pools: z.array(z.string()).nullable().meta({ description: 'Pools of agents; null for every other key' }),
  class: z.enum(queueClasses),
  weight: z.int(),
  created_at: timeSchema,
  expires_at: timeSchema.nullable(),
  revoked_at: timeSchema.nullable(),
  state: z.enum(['active', 'expired', 'revoked', 'disabled']).meta({ description: 'disabled: its user is' }),
  hint: z.string().meta({ description: 'The last characters of the secret' }),
}

export const keySchema = z.object(keyShape).meta({ id: 'Key' })

export const createdKeySchema = z
  .object({ ...keyShape, secret: z.string().meta({ description: 'Said here and never again' }) })
  .meta({ id: 'CreatedKey' })

export const createdUserSchema = z.object({ user: userSchema, key: createdKeySchema }).meta({ id: 'CreatedUser' })

export const importedKeysSchema = z
  .object({
    imported: z.array(keySchema),
    known: z.int().meta({ description: 'How many were in the store already' }),
  })
  .meta({ id: 'ImportedKeys' })

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
export type UserView = z.output<typeof userSchema>
export type KeyView = z.output<typeof keySchema>
export type CreatedKey = z.output<typeof createdKeySchema>
export type GatewayStatus = z.output<typeof statusSchema>
export type TermsInput = Omit<z.output<typeof newKeySchema>, 'name' | 'format'>
