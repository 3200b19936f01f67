import * as z from 'zod'
import type { LimitTerms } from '../lib/limit-terms.ts'
import type { LimitUse } from '../limits/limit-use.ts'

const MOST = Number.MAX_SAFE_INTEGER

const count = (): z.ZodInt => z.int().min(1, { error: 'must be 1 or more' }).max(MOST)
const money = (): z.ZodNumber => z.number().gt(0, { error: 'must be more than 0' }).max(MOST)

/** The API's words for the limits, and what each is in the code. */
const names = {
  requests_per_minute: 'requestsPerMinute',
  concurrent: 'concurrent',
  tokens_per_minute: 'tokensPerMinute',
  tokens_per_day: 'tokensPerDay',
  tokens_per_month: 'tokensPerMonth',
  money_per_month: 'moneyPerMonth',
} as const satisfies Record<string, keyof LimitTerms>

export type LimitWord = keyof typeof names

export const limitWords = Object.keys(names) as readonly LimitWord[]

const words = Object.fromEntries(limitWords.map((word) => [names[word], word])) as Readonly<
  Record<keyof LimitTerms, LimitWord>
>

export const limitsSchema = z
  .strictObject({
    requests_per_minute: count().optional(),
    concurrent: count().optional().meta({ description: 'At a time, those that wait in the queue included' }),
    tokens_per_minute: count().optional().meta({ description: 'Prompt and answer together' }),
    tokens_per_day: count().optional(),
    tokens_per_month: count().optional(),
    money_per_month: money().optional().meta({ description: 'By the prices in the config' }),
  })
  .meta({ description: 'What is absent is not limited' })

/** What somebody wrote into the database by hand is shown as it is. */
export const shownLimitsSchema = z
  .object({
    requests_per_minute: z.number().optional(),
    concurrent: z.number().optional(),
    tokens_per_minute: z.number().optional(),
    tokens_per_day: z.number().optional(),
    tokens_per_month: z.number().optional(),
    money_per_month: z.number().optional(),
  })
  .meta({ id: 'Limits', description: 'What is absent is not limited' })

export const limitUsesSchema = z.array(
  z
    .object({
      scope: z.enum(['key', 'user', 'model']).meta({ description: 'Whose limit it is' }),
      name: z.string().meta({ description: 'Of the key, the user or the model' }),
      limit: z.enum(limitWords),
      most: z.number().meta({ description: 'How much there is' }),
      used: z.number(),
      reserved: z.number().meta({ description: 'Set aside for what runs, beside what is used' }),
      resets_at: z.iso
        .datetime()
        .nullable()
        .meta({ description: 'When it is whole again; null where that is no matter of time, or nothing was used' }),
    })
    .meta({ id: 'LimitUse' }),
)

/** What is null goes, what is absent stays. */
export const limitChangesSchema = z.strictObject({
  requests_per_minute: count().nullish(),
  concurrent: count().nullish(),
  tokens_per_minute: count().nullish(),
  tokens_per_day: count().nullish(),
  tokens_per_month: count().nullish(),
  money_per_month: money().nullish(),
})

export type LimitsView = z.output<typeof shownLimitsSchema>
export type LimitUsesView = z.output<typeof limitUsesSchema>
export type LimitChanges = z.output<typeof limitChangesSchema>

/** Null: nothing is limited. */
export function toLimits(words: LimitChanges | null | undefined): LimitTerms | null {
  const known = limitWords.flatMap((word) => {
    const limit = words?.[word]
    return limit == null ? [] : [[names[word], limit]]
  })
  return known.length === 0 ? null : (Object.fromEntries(known) as LimitTerms)
}

/** `changes`: undefined leaves all as they are, null takes all away. */
export function changedLimits(limits: LimitTerms | null, changes: LimitChanges | null | undefined): LimitTerms | null {
  if (changes === undefined) return limits
  return changes === null ? null : toLimits({ ...limitsView(limits), ...changes })
}

export function limitUsesView(uses: readonly LimitUse[]): LimitUsesView {
  return uses.map(({ scope, name, kind, limit, used, reserved, endsAt }) => ({
    ...{ scope, name, limit: words[kind], most: limit, used, reserved },
    resets_at: endsAt === null ? null : new Date(endsAt).toISOString(),
  }))
}

export function limitsView(limits: LimitTerms | null | undefined): LimitsView {
  const known = limitWords.flatMap((word) => {
    const limit = limits?.[names[word]]
    return limit === undefined ? [] : [[word, limit]]
  })
  return Object.fromEntries(known) as LimitsView
}
