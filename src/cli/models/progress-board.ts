import type { Terminal } from '../terminal.ts'
import { plainProgress, progressLines } from './progress-text.ts'
import type { ServerProgress } from './server-progress.ts'

/** Shows the progress of servers: bars that are drawn over in a terminal, elsewhere a line when something is new. */
export interface ProgressBoard {
  show(servers: readonly ServerProgress[]): void
  /** The last state stays where it is. */
  close(): void
}

const EVERY_MS = 100
const CLEAR_BELOW = '\u001b[0J'

export function openProgressBoard(terminal: Terminal): ProgressBoard {
  return terminal.host.stderr.isTTY ? drawnBoard(terminal) : plainBoard(terminal)
}

function plainBoard(terminal: Terminal): ProgressBoard {
  const last = new Map<string, ServerProgress>()
  return {
    show(servers) {
      for (const server of servers) {
        const text = plainProgress(last.get(server.name), server)
        if (text === undefined) continue
        terminal.say(text)
        last.set(server.name, server)
      }
    },
    close() {},
  }
}

function drawnBoard(terminal: Terminal): ProgressBoard {
  const { stderr } = terminal.host
  let latest: readonly ServerProgress[] = []
  let drawn = 0
  const draw = (): void => {
    // A terminal that does not know its size says 0. What does not fit would scroll and could not be drawn over.
    const lines = progressLines(latest, (stderr.columns || 80) - 1).slice(0, (stderr.rows || 24) - 1)
    const up = drawn > 0 ? `\u001b[${drawn}A` : ''
    stderr.write(`${up}\r${CLEAR_BELOW}${lines.map((line) => `${line}\n`).join('')}`)
    drawn = lines.length
  }
  const timer = setInterval(draw, EVERY_MS)
  timer.unref()
  return {
    show(servers) {
      latest = servers
    },
    close() {
      clearInterval(timer)
      draw()
    },
  }
}
