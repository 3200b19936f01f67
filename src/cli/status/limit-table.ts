import type { LimitUsesView, LimitWord } from '../../admin/limit-schemas.ts'
import { timeText } from './amounts.ts'
import { type FittedCell, type FittedColumn, fitTable, type Paint, type Tone } from './fitted-table.ts'

type LimitUseView = LimitUsesView[number]

const columns: readonly FittedColumn[] = [
  { heading: 'LIMIT OF', align: 'left', spare: 0 },
  { heading: 'WHAT', align: 'left', spare: 1 },
  { heading: 'USED', align: 'right', spare: 0 },
  { heading: 'OF', align: 'right', spare: 2 },
  { heading: 'SET ASIDE', align: 'right', spare: 4 },
  { heading: 'WHOLE IN', align: 'right', spare: 3 },
]

const kinds: Readonly<Record<LimitWord, string>> = {
  requests_per_minute: 'requests a minute',
  concurrent: 'requests at a time',
  tokens_per_minute: 'tokens a minute',
  tokens_per_day: 'tokens a day',
  tokens_per_month: 'tokens a month',
  money_per_month: 'money a month',
}

interface Page {
  readonly now: number
  readonly width: number
  readonly paint: Paint
}

/** An empty line, and a row for each limit of which anything is used. */
export function limitTable(limits: LimitUsesView, { now, width, paint }: Page): string[] {
  const rows = limits.filter(({ used, reserved }) => used + reserved > 0).map((use) => limitRow(use, now))
  return rows.length === 0 ? [] : ['', ...fitTable(columns, rows, { width, paint })]
}

function limitRow({ scope, name, limit, most, used, reserved, resets_at }: LimitUseView, now: number): FittedCell[] {
  const left = resets_at === null ? '' : timeText(Date.parse(resets_at) - now)
  const percent = Math.floor((used / most) * 100)
  return [
    { text: `${scope} ${name}`, tone: null },
    { text: kinds[limit], tone: null },
    { text: `${amountText(used)} ${percent}%`, tone: toneOf((used + reserved) / most) },
    { text: amountText(most), tone: null },
    { text: reserved > 0 ? amountText(reserved) : '', tone: 'faint' },
    { text: left, tone: null },
  ]
}

function toneOf(full: number): Tone | null {
  if (full >= 1) return 'bad'
  return full >= 0.8 ? 'doubtful' : null
}

/** Money has fractions, and sums of them more than anybody reads. */
function amountText(amount: number): string {
  return Number.isInteger(amount) ? String(amount) : amount.toFixed(4)
}
