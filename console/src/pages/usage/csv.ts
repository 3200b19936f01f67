export type CsvValue = string | number | null | undefined

/**
 * RFC 4180. Names are of somebody's choosing, and a spreadsheet computes a cell that begins like a formula: a quote in
 * front makes it text. The full-width forms count too, which some spreadsheets fold before they look.
 */
export function csvText(headings: readonly string[], rows: readonly (readonly CsvValue[])[]): string {
  return [headings, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

function cell(value: CsvValue): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const inert = /^[\s\u200b-\u200f\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}
