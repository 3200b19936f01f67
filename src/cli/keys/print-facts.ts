import type { Terminal } from '../terminal.ts'

/** One fact a line, the names in a column of their own. */
export function printFacts(terminal: Terminal, facts: Readonly<Record<string, string>>): void {
  const width = Math.max(...Object.keys(facts).map((name) => name.length))
  for (const [name, value] of Object.entries(facts)) terminal.print(`${name.padEnd(width)}  ${value}`)
}
