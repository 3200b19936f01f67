/** The limits of a key or a user, as the API names them, and what a person reads. */
export const limitFields = [
  { name: 'requests_per_minute', label: 'Requests per minute', unit: 'requests/min' },
  { name: 'concurrent', label: 'At a time', unit: 'at a time' },
  { name: 'tokens_per_minute', label: 'Tokens per minute', unit: 'tokens/min' },
  { name: 'tokens_per_day', label: 'Tokens per day', unit: 'tokens/day' },
  { name: 'tokens_per_month', label: 'Tokens per month', unit: 'tokens/month' },
  { name: 'money_per_month', label: 'Money per month', unit: 'per month' },
] as const

export type LimitName = (typeof limitFields)[number]['name']

/** What is absent is not limited. */
export type Limits = { readonly [N in LimitName]?: number | undefined }

/** As typed; empty is no limit. */
export type LimitTexts = Readonly<Record<LimitName, string>>

export type ParsedLimits =
  | { readonly kind: 'limits'; readonly limits: Partial<Record<LimitName, number>> }
  | { readonly kind: 'problem'; readonly name: LimitName; readonly message: string }

const factors: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 }

/** The config's units: `500k`, `2M`. Undefined where it is no number above zero. */
export function parseAmount(text: string, { whole }: { readonly whole: boolean }): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)$/i.exec(text.trim().replaceAll(/(?<=\d)[ ,_](?=\d{3}(?!\d))/g, ''))
  if (match === null) return undefined
  const amount = Number(match[1]) * (factors[(match[2] ?? '').toLowerCase()] ?? 1)
  const rounded = Math.round(amount * 1e6) / 1e6
  if (rounded <= 0 || rounded > Number.MAX_SAFE_INTEGER) return undefined
  return whole && !Number.isInteger(rounded) ? undefined : rounded
}

export function parseLimits(texts: LimitTexts): ParsedLimits {
  const limits: Partial<Record<LimitName, number>> = {}
  for (const { name, label } of limitFields) {
    const text = texts[name].trim()
    if (text === '') continue
    const isMoney = name === 'money_per_month'
    const amount = parseAmount(text, { whole: !isMoney })
    if (amount === undefined) {
      const wanted = isMoney ? 'an amount above 0, such as 7.50' : 'a whole number from 1, such as 120 or 500k'
      return { kind: 'problem', name, message: `${label}: give ${wanted}, or leave it empty for no limit` }
    }
    limits[name] = amount
  }
  return { kind: 'limits', limits }
}

export function limitTexts(limits: Limits): LimitTexts {
  return Object.fromEntries(limitFields.map(({ name }) => [name, limits[name]?.toString() ?? ''])) as LimitTexts
}

/** What a change has to say: a limit that is null goes. Undefined: nothing is different. */
export function limitChanges(before: Limits, after: Limits): Record<string, number | null> | undefined {
  const different = limitFields.filter(({ name }) => before[name] !== after[name])
  if (different.length === 0) return undefined
  return Object.fromEntries(different.map(({ name }) => [name, after[name] ?? null]))
}

/** Short enough for a cell of a table. */
export function limitsText(limits: Limits): string {
  return limitFields
    .flatMap(({ name, unit }) => {
      const limit = limits[name]
      return limit === undefined ? [] : [`${amountText(limit)} ${unit}`]
    })
    .join(', ')
}

/** As it is typed: whole thousands, millions and milliards by their letter. */
function amountText(amount: number): string {
  for (const [letter, factor] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (amount >= factor && Number.isInteger((amount / factor) * 100)) return `${amount / factor}${letter}`
  return String(amount)
}
