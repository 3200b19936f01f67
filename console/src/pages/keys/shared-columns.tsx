import type { Column } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { limitsText, type Limits } from './limit-fields.ts'

/** What keys and users are both held to. */
export function limitsColumn<T extends { readonly limits: Limits }>(width: string): Column<T> {
  return {
    key: 'limits',
    title: 'Limits',
    width,
    cell: ({ limits }) => (
      <span title={limitsText(limits)}>{limitsText(limits) || <span class="unknown">none</span>}</span>
    ),
  }
}

export function lastUsedColumn<T extends { readonly last_used_at: string | null }>(): Column<T> {
  return {
    key: 'used',
    title: 'Last used',
    width: '7rem',
    end: true,
    sortBy: ({ last_used_at }) => (last_used_at === null ? null : Date.parse(last_used_at)),
    cell: ({ last_used_at }) => <Time at={last_used_at} otherwise="never" />,
  }
}
