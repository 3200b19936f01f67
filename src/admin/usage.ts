import * as z from 'zod'
import { type UsageField, usageFields, type UsageQuery, type UsageRow } from '../ledger/usage.ts'
import { adminRoute } from './admin-route.ts'
import { manager } from './asker.ts'

const fieldList = `user, key, model, upstream, day`

const bySchema = z
  .string()
  .max(256)
  .refine((text) => parseFields(text) !== undefined, { error: `must be some of ${fieldList}, with commas between` })
  .meta({ description: `What the sums are told apart by: some of ${fieldList}, with commas between` })

const sinceSchema = z.iso.datetime().optional().meta({
  description: 'From when on. Where single rows are not kept any more, from the beginning of that day (UTC) on',
})

const usageQuerySchema = z.strictObject({ by: bySchema.default('user'), since: sinceSchema })
const ownUsageQuerySchema = z.strictObject({ by: bySchema.default('model'), since: sinceSchema })

const nameSchema = z.string().nullable().optional()

const usageSchema = z.array(
  z
    .object({
      user: nameSchema,
      key: nameSchema.meta({ description: 'Its name; keys are told apart by their ids' }),
      model: nameSchema.meta({ description: 'Null where the requests named none' }),
      upstream: nameSchema.meta({ description: 'Null where none was asked' }),
      day: z.string().optional().meta({ description: 'YYYY-MM-DD, in UTC' }),
      requests: z.int(),
      errors: z.int().meta({ description: 'Answered with an error, or broken off; a client that left is none' }),
      prompt_tokens: z.int(),
      completion_tokens: z.int(),
      cost: z.number().meta({ description: 'In the currency of models.prices' }),
      queue_ms: z.number().nullable().meta({
        description: 'Mean time until an upstream was asked; null: it is not known of any of them',
      }),
      first_token_ms: z.number().nullable().meta({
        description: 'Mean time until the first byte of answers that have tokens; null: it is not known of any of them',
      }),
    })
    .meta({ id: 'Usage' }),
)

export const usageRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/usage',
  scope: 'admin',
  summary: 'Say what was used, from the ledger',
  status: 200,
  input: usageQuerySchema,
  output: usageSchema,
  handle: async ({ usage }, { by, since }) => withTimes(await usage(queryOf(by, since))),
})

export const ownUsageRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/me/usage',
  scope: 'self',
  summary: 'Say what the caller has used, with all keys together',
  status: 200,
  input: ownUsageQuerySchema,
  output: usageSchema,
  async handle(context, { by, since }) {
    const { user } = await manager(context)
    return withTimes(await context.usage({ ...queryOf(by, since), userId: user.id }))
  },
})

function queryOf(by: string, since: string | undefined): UsageQuery {
  return { by: parseFields(by) ?? [], since: since === undefined ? null : Date.parse(since), times: true }
}

function withTimes(rows: readonly UsageRow[]) {
  return rows.map((row) => ({ ...row, queue_ms: row.queue_ms ?? null, first_token_ms: row.first_token_ms ?? null }))
}

/** Undefined where something else is among them. */
export function parseFields(text: string): UsageField[] | undefined {
  const fields = text.split(',').map((word) => word.trim())
  return fields.every(isUsageField) ? fields : undefined
}

function isUsageField(word: string): word is UsageField {
  return (usageFields as readonly string[]).includes(word)
}
