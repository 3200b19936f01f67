import * as z from 'zod'

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

const agentSchema = z
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
  .meta({ description: 'Null: not behind an agent' })

/** What an upstream is doing: whether it can be sent anything, or why not. */
export const upstreamStateSchema = z.enum(['up', 'down', 'unknown', 'draining', 'disabled']).meta({
  description: 'unknown: not probed yet; draining: it finishes what runs there and gets nothing new',
})

export const upstreamSchema = z
  .object({
    name: z.string(),
    url: z.string().meta({ description: 'Empty for an agent' }),
    origin: z
      .enum(['config', 'added', 'agent'])
      .meta({ description: 'added: at run time, kept in the store; only such a one can be removed' }),
    provider: z.boolean().meta({ description: 'It is no Ollama: it loads nothing and has no disk' }),
    held: z
      .enum(['draining', 'disabled'])
      .nullable()
      .meta({ description: 'What an admin has set until it is enabled again; null: nothing' }),
    wake: z
      .enum(['ready', 'waking'])
      .nullable()
      .meta({ description: 'waking: it was sent for and has not come up yet; null: nothing says how to wake it' }),
    fault: z.string().nullable().meta({ description: 'Why it is down' }),
    agent: agentSchema,
    state: upstreamStateSchema,
    version: z.string().nullable(),
    priority: z.int(),
    memory_bytes: z.int().nullable().meta({ description: 'What its models may take; null: nothing is said' }),
    slow: z.boolean().meta({ description: 'Its last health probe took longer than max_response_time' }),
    running: z.int().meta({ description: 'Exchanges at this upstream now' }),
    waiting: z.int().meta({ description: 'Requests in the queue that it could take' }),
    round_trip_ms: z.number().nullable().meta({ description: 'Learnt; null until then' }),
    load_bytes_per_second: z.number().nullable().meta({ description: 'Learnt from loads; null until then' }),
    models: z.array(z.string()),
    loaded: z.array(loadedModelSchema),
  })
  .meta({ id: 'Upstream' })

const textOrNumber = z.union([z.string().max(64), z.number()])

/** Judged by the rules of the config, which say what is wrong. */
export const newUpstreamSchema = z.strictObject({
  name: z.string().max(256),
  url: z.string().max(2048).meta({ description: 'Such as http://10.0.0.5:11434, without credentials' }),
  priority: z.int().optional().meta({ description: 'Lower is preferred; default 1' }),
  memory: textOrNumber.optional().meta({ description: 'What its models may take, such as 24GB; default: no limit' }),
  slots: textOrNumber
    .optional()
    .meta({ description: 'Requests that one loaded model answers at a time; default auto' }),
  wake: z
    .strictObject({
      mac: z.string().max(64),
      address: z.string().max(253).optional(),
      port: z.int().optional(),
      wait: z.string().max(64).optional(),
    })
    .optional()
    .meta({ description: 'How its machine is woken by Wake-on-LAN, as in the config' }),
  dry_run: z.boolean().optional().meta({ description: 'Only look whether it is there; default false' }),
})

export const probeSchema = z.object({
  reachable: z.boolean().meta({ description: 'It answered as an Ollama does' }),
  version: z.string().nullable(),
  models: z.array(z.string()).nullable().meta({ description: 'Null: it gave no list' }),
  took_ms: z.number().nullable(),
  fault: z.string().nullable(),
})

export type UpstreamProbe = z.output<typeof probeSchema>
export type UpstreamView = z.output<typeof upstreamSchema>

export const addedUpstreamSchema = z.object({
  upstream: upstreamSchema.nullable().meta({ description: 'Null: nothing was added, as was asked for' }),
  probe: probeSchema.meta({ description: 'How it answered; one that did not is added all the same' }),
})
