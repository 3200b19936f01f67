import type { LedgerEntry } from '../ledger-entry.ts'
import { type AgentOf, type LedgerGroup, OpenGroup } from '../ledger-group.ts'

type Terms = Pick<LedgerGroup, 'number' | 'lost'> & { readonly agentOf?: AgentOf }

/** Each costs 0.5. */
export function groupOf(entries: readonly LedgerEntry[], { agentOf = () => null, ...terms }: Terms): LedgerGroup {
  const open = new OpenGroup(Math.max(1, entries.length), agentOf)
  for (const entry of entries) open.add(entry, 0.5)
  return open.group(terms)
}

/** Each row by the names of its numbers. */
export function rowsOf(group: LedgerGroup): Record<string, string | number | null>[] {
  const { columns, numbers } = group
  return group.id.map((id, row) => {
    const values = [...numbers.subarray(row * columns.length, (row + 1) * columns.length)]
    return { id, ...Object.fromEntries(columns.map((name, place) => [name, orNull(values[place])])) }
  })
}

function orNull(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value
}
