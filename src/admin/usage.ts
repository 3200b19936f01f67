import * as z from 'zod'
import { type UsageField, usageFields } from '../ledger/usage.ts'
import { adminRoute } from './admin-route.ts'

const fieldList = `user, key, model, upstream, day`

const usageQuerySchema = z.strictObject({
  by: z
    .string()
    .max(256)
    .refine((text) => parseFields(text) !== undefined, { error: `must be some of ${fieldList}, with commas between` })
    .default('user')
    .meta({ description: `What the sums are told apart by: some of ${fieldList}, with commas between` }),
  since: z.iso.datetime().optional().meta({
    description: 'From when on. Where single rows are not kept any more, from the beginning of that day (UTC) on',
  }),
})

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
  handle: ({ usage }, { by, since }) =>
    usage({ by: parseFields(by) ?? [], since: since === undefined ? null : Date.parse(since) }),
})

/** Undefined where something else is among them. */
export function parseFields(text: string): UsageField[] | undefined {
  const fields = text.split(',').map((word) => word.trim())
  return fields.every(isUsageField) ? fields : undefined
}

function isUsageField(word: string): word is UsageField {
  return (usageFields as readonly string[]).includes(word)
}
