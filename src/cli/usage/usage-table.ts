import type { UsageField, UsageRow } from '../../ledger/usage.ts'

const sums = ['requests', 'errors', 'prompt_tokens', 'completion_tokens', 'cost'] as const

export function usageColumns(fields: readonly UsageField[]): string[] {
  return [...fields, ...sums]
}

/** A heading and a line for each row, as text. */
export function usageTable(rows: readonly UsageRow[], fields: readonly UsageField[]): string[][] {
  const headings = usageColumns(fields).map((name) => name.replace('_', ' ').toUpperCase())
  return [headings, ...rows.map((row) => usageColumns(fields).map((name) => cellText(row, name as keyof UsageRow)))]
}

function cellText(row: UsageRow, column: keyof UsageRow): string {
  const value = row[column]
  if (value === null || value === undefined) return '-'
  if (typeof value === 'string') return value
  return column === 'cost' ? costText(value) : value.toLocaleString('en-US')
}

/** Two decimals, or as many as say something. */
function costText(cost: number): string {
  if (cost === 0) return '-'
  return cost >= 0.01 ? cost.toFixed(2) : cost.toPrecision(2)
}
