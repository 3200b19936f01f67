import { z } from 'zod'
import { choice, section, setting, settingFacts, textSetting, wholeNumber } from '../lib/setting.ts'
import type { SettingsContext } from '../lib/settings-context.ts'
import { limitsNothing, type LimitTerms } from '../lib/limit-terms.ts'
import { parseTokenCount } from '../lib/token-count.ts'

export interface LimitSettings {
  /** Of each key. */
  readonly defaults: LimitTerms
  /** Of each model that fits, whoever asks for it. */
  readonly models: readonly ModelLimits[]
  /** What becomes of an answer whose budget runs out while it streams. */
  readonly onExhausted: 'end' | 'finish'
}

export interface ModelLimits {
  /** A glob over canonical model names. */
  readonly match: string
  readonly terms: LimitTerms
}

const MAX_NUMBER = 999_999_999

function tokenCount(description: string) {
  const parse = (written: string | number): number | undefined => parseTokenCount(String(written))
  const wanted = 'a number of tokens from 1 on, such as 500000, 500k or 2M'
  return setting(z.union([z.number(), z.string()]), parse, { wanted, description }).optional()
}

const money = setting(
  z.union([z.number(), z.string()]),
  (written) => {
    const amount = /^\d{1,9}(?:\.\d{1,6})?$/.test(String(written)) ? Number(written) : 0
    return amount > 0 ? amount : undefined
  },
  {
    wanted: 'an amount of money above 0, such as 25 or 7.50, without a currency',
    description: 'Costs in a calendar month (UTC), by `models.prices` and in their currency.',
  },
).optional()

const termsShape = {
  requests_per_minute: wholeNumber({
    description: 'Requests in a minute that begins with the first of them.',
    min: 1,
    max: MAX_NUMBER,
  }).optional(),
  concurrent: wholeNumber({
    description: 'Requests at a time, those that wait in the queue included.',
    min: 1,
    max: MAX_NUMBER,
  }).optional(),
  tokens_per_minute: tokenCount('Tokens of prompts and answers in a minute of the clock.'),
  tokens_per_day: tokenCount('Tokens of prompts and answers in a day (UTC): `2M` is two million.'),
  tokens_per_month: tokenCount('Tokens of prompts and answers in a calendar month (UTC).'),
  money_per_month: money,
}

type RawTerms = z.output<z.ZodObject<typeof termsShape>>

const modelLimits = section('What models may be used for by everybody together, each by itself.', {
  match: textSetting({
    wanted: 'the name of a model, or a pattern such as qwen3:*',
    description:
      'Models it is about: a name in which `*` is any run of characters. Where several lines fit, the strictest of each limit holds.',
  }),
  ...termsShape,
})

/** Stand beside those of bodies, which the listener reads. */
export const limitsShape = {
  defaults: section(
    'What each key may use at most; the limits of a key, its user and its model can only be stricter.',
    {
      ...termsShape,
    },
  ).prefault({}),
  models: z
    .array(modelLimits)
    .max(1000)
    .register(settingFacts, {
      wanted: 'a list of at most 1000 limits, each with a match',
      description: 'Limits of models: `[{match: "qwen3:*", requests_per_minute: 10}]`.',
    })
    .prefault([]),
  on_exhausted: choice(
    ['end', 'finish'],
    'A budget that runs out in the middle of a streamed answer ends it with an error (`end`), or the answer may come to its end (`finish`).',
  ).prefault('end'),
}

export function toLimitSettings(
  { limits: raw }: { readonly limits: z.output<z.ZodObject<typeof limitsShape>> },
  context: SettingsContext,
): LimitSettings {
  const models = raw.models.map(({ match, ...terms }) => ({ match, terms: toTerms(terms) }))
  for (const [index, { match, terms }] of models.entries()) {
    if (limitsNothing(terms))
      context.problem(
        ['limits', 'models', index],
        `has no limit for ${JSON.stringify(match)}: add one, or leave it out`,
      )
  }
  return { defaults: toTerms(raw.defaults), models, onExhausted: raw.on_exhausted }
}

function toTerms(raw: RawTerms): LimitTerms {
  const { requests_per_minute, concurrent, tokens_per_minute, tokens_per_day, tokens_per_month, money_per_month } = raw
  return {
    ...(requests_per_minute === undefined ? {} : { requestsPerMinute: requests_per_minute }),
    ...(concurrent === undefined ? {} : { concurrent }),
    ...(tokens_per_minute === undefined ? {} : { tokensPerMinute: tokens_per_minute }),
    ...(tokens_per_day === undefined ? {} : { tokensPerDay: tokens_per_day }),
    ...(tokens_per_month === undefined ? {} : { tokensPerMonth: tokens_per_month }),
    ...(money_per_month === undefined ? {} : { moneyPerMonth: money_per_month }),
  }
}
