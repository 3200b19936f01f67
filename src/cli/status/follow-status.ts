import type { WholeStatus } from '../../admin/status.ts'
import { CommandFailure } from '../command-failure.ts'
import type { Terminal } from '../terminal.ts'
import { shorten } from './fitted-table.ts'
import { openLiveScreen, type ScreenSize } from './live-screen.ts'
import { painter } from './painter.ts'
import { statusLines } from './status-lines.ts'

export interface Following {
  readonly first: WholeStatus
  readonly url: string
  read(): Promise<WholeStatus>
}

const EVERY_MS = 1000

/** Shows the status until somebody has seen enough. A gateway that is away for a while is waited for. */
export async function followStatus(terminal: Terminal, { first, url, read }: Following): Promise<void> {
  const paint = painter(terminal)
  const screen = openLiveScreen(terminal.host)
  let isClosed = false
  void screen.closed.then(() => (isClosed = true))
  let status = first
  let problem: string | null = null
  const lines = ({ columns, rows }: ScreenSize): readonly string[] => {
    const all = statusLines({ status, url, now: Date.now() }, { width: columns, paint })
    const page = fitPage(all, { rows: rows - 1, width: columns })
    return problem === null ? page : [paint('bad', shorten(problem, columns)), ...page]
  }
  try {
    while (!isClosed) {
      screen.show(lines)
      await pause(screen.closed)
      if (isClosed) return
      const next = await Promise.race([screen.closed, read().catch(explain)])
      if (typeof next === 'object') status = next
      problem = typeof next === 'string' ? next : null
    }
  } finally {
    screen.close()
  }
}

/** What does not fit is counted, not lost in silence. */
function fitPage(
  lines: readonly string[],
  { rows, width }: { readonly rows: number; readonly width: number },
): string[] {
  if (lines.length <= rows) return [...lines]
  const shown = lines.slice(0, Math.max(0, rows - 1))
  return [...shown, shorten(`${lines.length - shown.length} more lines: enlarge the window, or use --once`, width)]
}

/** It may come back; a key that is not accepted any more does not. */
function explain(error: unknown): string {
  if (error instanceof CommandFailure) return error.message
  throw error
}

/** Ends early where there is nothing left to wait for. */
function pause(closed: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, EVERY_MS)
    void closed.then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
