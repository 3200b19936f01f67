import * as z from 'zod'

/** How many exchanges that are over are remembered. */
export const MAX_ENDED = 500

const timeSchema = z.iso.datetime()

export const exchangeSchema = z
  .object({
    id: z.string().meta({ description: 'As in the header x-request-id' }),
    user: z.string().nullable().meta({ description: 'Null: nobody was let in' }),
    key_name: z.string().nullable(),
    method: z.string(),
    path: z.string(),
    dialect: z.enum(['ollama', 'openai', 'responses', 'anthropic']).nullable(),
    model_asked: z
      .string()
      .nullable()
      .meta({ description: 'Null where the request names none, or is still being read' }),
    model: z.string().nullable().meta({ description: 'The one that answers, or was asked last' }),
    upstream: z.string().nullable().meta({ description: 'The one that answers, or was asked last' }),
    state: z.enum(['queued', 'sent', 'streaming', 'ended']).meta({
      description:
        'queued: being read, or waits for a slot; sent: an upstream was asked; streaming: its answer has begun',
    }),
    position: z.int().nullable().meta({ description: 'In the queue: 1 is next; null: it does not wait there' }),
    started_at: timeSchema,
    attempts: z.int().meta({ description: 'How often an upstream was asked' }),
    cache: z
      .enum(['hit', 'miss', 'coalesced', 'bypass'])
      .nullable()
      .meta({ description: 'What the cache had to do with it; null: it was not asked' }),
    queue_ms: z.number().nullable().meta({ description: 'Until an upstream was asked; null: none was yet' }),
    first_token_ms: z.number().nullable().meta({ description: 'Until the first byte of the answer; null: not yet' }),
    total_ms: z.number().nullable().meta({ description: 'Null until it has ended' }),
    chunks: z.int().meta({ description: 'Pieces of the answer that were passed on' }),
    prompt_tokens: z.int().nullable().meta({ description: 'As the upstream says, which is at the end' }),
    tokens: z.int().nullable().meta({
      description: 'Of the answer: counted here while it streams, about; then as the upstream says',
    }),
    tokens_per_second: z.number().nullable().meta({ description: 'Since the first of them' }),
    status: z.int().nullable().meta({ description: 'What the client was sent; null: nothing yet' }),
    ending: z
      .enum([
        'complete',
        'refused',
        'client-gone',
        'upstream-failed',
        'budget-exhausted',
        'key-revoked',
        'stopped',
        'shutting-down',
        'timed-out',
      ])
      .nullable()
      .meta({ description: 'Null until it has ended' }),
    error: z.string().nullable().meta({ description: 'Code of the error that the client was told' }),
  })
  .meta({ id: 'Exchange' })

export const exchangeListSchema = z
  .object({
    at: timeSchema.meta({ description: 'On the clock of the gateway' }),
    running: z.array(exchangeSchema).meta({ description: 'The oldest first' }),
    ended: z.array(exchangeSchema).meta({ description: 'The newest first' }),
  })
  .meta({ id: 'Exchanges' })

export const exchangeQuerySchema = z.object({
  last: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_ENDED)
    .default(MAX_ENDED)
    .meta({ description: 'How many of those that have ended, at most' }),
})

export type ExchangeView = z.output<typeof exchangeSchema>
export type ExchangeList = z.output<typeof exchangeListSchema>
