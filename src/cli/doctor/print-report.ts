import { renderTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import type { Check } from './check.ts'

/** A line for each check, and below those that are not well what to do. */
export function printReport(terminal: Terminal, checks: readonly Check[]): void {
  const colour = { ok: 'green', warn: 'yellow', fail: 'red' } as const
  const rows = checks.map((check) => [check.state, check.name, check.message])
  const lines = renderTable(rows, (text, { row, column }) => {
    const check = checks[row]
    return column === 0 && check !== undefined ? terminal.style(colour[check.state], text, 'stdout') : text
  })
  for (const [index, line] of lines.entries()) {
    terminal.print(line)
    const check = checks[index]
    if (check?.advice !== undefined) terminal.print(`      ${terminal.style('dim', check.advice, 'stdout')}`)
  }
}
