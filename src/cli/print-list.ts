import { renderTable } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface ListColumns<Item> {
  readonly [heading: string]: (item: Item) => string
}

export interface ListOptions<Item> {
  readonly json: boolean
  readonly columns: ListColumns<Item>
  /** Said in place of an empty table. */
  readonly empty: string
}

/** JSON for programs, a table for people. */
export function printList<Item>(
  terminal: Terminal,
  items: readonly Item[],
  { json, columns, empty }: ListOptions<Item>,
): void {
  if (json) return terminal.print(JSON.stringify(items, null, 2))
  if (items.length === 0) return terminal.say(empty)
  const headings = Object.keys(columns)
  const rows = items.map((item) => Object.values(columns).map((cell) => cell(item)))
  const lines = renderTable([headings, ...rows], (text, { row }) =>
    row === 0 ? terminal.style('bold', text, 'stdout') : styleState(terminal, text),
  )
  for (const line of lines) terminal.print(line)
}

/** An ISO time as the reader's clock shows it. */
export function localTime(iso: string | null): string {
  return iso === null ? 'never' : new Date(iso).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'short' })
}

function styleState(terminal: Terminal, text: string): string {
  if (text === 'active') return terminal.style('green', text, 'stdout')
  return text === 'revoked' || text === 'expired' || text === 'disabled' ? terminal.style('red', text, 'stdout') : text
}
