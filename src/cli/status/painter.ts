import type { Terminal } from '../terminal.ts'
import type { Paint } from './fitted-table.ts'

/** Colours for stdout, none where it is no terminal or NO_COLOR is set. */
export function painter(terminal: Terminal): Paint {
  const styles = { good: 'green', bad: 'red', doubtful: 'yellow', faint: 'dim', heading: 'bold' } as const
  return (tone, text) => terminal.style(styles[tone], text, 'stdout')
}
