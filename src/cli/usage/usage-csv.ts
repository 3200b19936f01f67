import type { UsageField, UsageRow } from '../../ledger/usage.ts'
import { usageColumns } from './usage-table.ts'

/** RFC 4180, one text for each line; the first is the heading. */
export function usageCsv(rows: readonly UsageRow[], fields: readonly UsageField[]): string[] {
  const columns = usageColumns(fields)
  return [columns.join(','), ...rows.map((row) => columns.map((name) => cell(row[name as keyof UsageRow])).join(','))]
}

/**
 * Names are of somebody's choosing, and a spreadsheet computes a cell that begins like a formula. OWASP: a quote in
 * front makes it text.
 */
function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const inert = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}
