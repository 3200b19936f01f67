import type { RuntimeDifference } from '../test/system/harness/runtime-differences.ts'
import { runtimeNames, type RuntimeName } from './runtime-list.ts'

const names: Readonly<Record<RuntimeName, string>> = { node24: 'Node 24', node26: 'Node 26', deno: 'Deno', bun: 'Bun' }

/** The table of what differs: a row per difference, and one for each runtime that has none. */
export function runtimeDocs(differences: readonly RuntimeDifference[]): string {
  const rows = runtimeNames.flatMap((runtime) => {
    const own = differences.filter((difference) => difference.runtime === runtime)
    if (own.length === 0) return [row(names[runtime], 'Nothing.', '', '')]
    return own.map(({ test, what, consequence }) =>
      row(names[runtime], what, consequence, test.split(' > ').at(-1) ?? ''),
    )
  })
  return ['| runtime | what differs | what follows | test |', '|---|---|---|---|', ...rows].join('\n')
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
