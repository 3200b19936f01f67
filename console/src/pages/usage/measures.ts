import type { Usage } from '../../admin-types.ts'
import { formatCount, formatMoney, formatMs, formatShort } from '../../format.ts'

export interface Measure {
  readonly id: string
  readonly label: string
  /** Of a mean the parts of a day cannot be put on top of each other; null: it is not known. */
  readonly kind: 'sum' | 'mean'
  valueOf(row: Usage): number | null
  format(value: number | null): string
  /** For an axis. */
  short(value: number): string
}

export const measures = [
  {
    id: 'requests',
    label: 'Requests',
    kind: 'sum',
    valueOf: ({ requests }) => requests,
    format: formatCount,
    short: formatShort,
  },
  {
    id: 'tokens',
    label: 'Tokens',
    kind: 'sum',
    valueOf: ({ prompt_tokens, completion_tokens }) => prompt_tokens + completion_tokens,
    format: formatCount,
    short: formatShort,
  },
  { id: 'cost', label: 'Cost', kind: 'sum', valueOf: ({ cost }) => cost, format: formatMoney, short: formatMoney },
  {
    id: 'errors',
    label: 'Errors',
    kind: 'sum',
    valueOf: ({ errors }) => errors,
    format: formatCount,
    short: formatShort,
  },
  {
    id: 'first-token',
    label: 'First token, mean',
    kind: 'mean',
    valueOf: ({ first_token_ms }) => first_token_ms,
    format: formatMs,
    short: formatMs,
  },
  {
    id: 'queue',
    label: 'Time in the queue, mean',
    kind: 'mean',
    valueOf: ({ queue_ms }) => queue_ms,
    format: formatMs,
    short: formatMs,
  },
] as const satisfies readonly Measure[]

export type MeasureId = (typeof measures)[number]['id']
