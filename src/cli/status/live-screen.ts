import type { Host } from '../terminal.ts'

/** A page of text that stands still while it changes. What was on the terminal before comes back when it closes. */
export interface LiveScreen {
  /** Paints what `lines` says for the terminal as it is now, and again whenever its size changes. */
  show(lines: (size: ScreenSize) => readonly string[]): void
  /** Resolves when whoever looks at it has seen enough: Ctrl-C, q, or a signal. */
  readonly closed: Promise<void>
  close(): void
}

export interface ScreenSize {
  readonly columns: number
  readonly rows: number
}

const OTHER_SCREEN = '\u001b[?1049h\u001b[?25l'
const FIRST_SCREEN = '\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_REST_OF_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'
const ENOUGH = /[qQ\u0003\u0004]/

export function openLiveScreen(host: Pick<Host, 'stdin' | 'stdout' | 'on' | 'off'>): LiveScreen {
  const { stdin, stdout } = host
  let lines: (size: ScreenSize) => readonly string[] = () => []
  let isOpen = true
  let tell = (): void => {}
  const closed = new Promise<void>((resolve) => (tell = resolve))

  const paint = (): void => {
    if (!isOpen) return
    const size = screenSize(stdout)
    // In one write, so that no half-painted page is seen.
    const painted = lines(size)
      .slice(0, size.rows)
      .map((line) => line + CLEAR_REST_OF_LINE)
    stdout.write(HOME + painted.join('\r\n') + CLEAR_BELOW)
  }
  const onKey = (keys: Buffer): void => {
    if (ENOUGH.test(keys.toString('latin1'))) tell()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

  stdout.write(OTHER_SCREEN)
  // What is typed must not be written over the page; Ctrl-C then comes as a key.
  if (stdin.isTTY) stdin.setRawMode(true).on('data', onKey).resume()
  stdout.on('resize', paint)
  for (const signal of signals) host.on(signal, tell)
  return {
    show(next) {
      lines = next
      paint()
    },
    closed,
    close() {
      if (!isOpen) return
      isOpen = false
      stdout.off('resize', paint)
      for (const signal of signals) host.off(signal, tell)
      if (stdin.isTTY) stdin.off('data', onKey).setRawMode(false).pause()
      stdout.write(FIRST_SCREEN)
    },
  }
}

/** A terminal that does not know its size says 0. */
export function screenSize({ columns, rows }: Partial<ScreenSize>): ScreenSize {
  return { columns: columns || 80, rows: rows || 24 }
}
