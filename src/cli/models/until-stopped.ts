import { CommandFailure } from '../command-failure.ts'
import { stopSignal } from '../stop-signal.ts'
import type { Terminal } from '../terminal.ts'

/** Runs work that Ctrl-C ends: its requests are cut, and with them what they had begun on the upstreams. */
export async function untilStopped<T>(terminal: Terminal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  void stopSignal(terminal.host).then((name) =>
    stop.abort(
      new CommandFailure(`Stopped by ${name} before it was done; what was pulled so far is kept for the next pull`),
    ),
  )
  return work(stop.signal)
}
