/** Runs something later; the returned function cancels it. */
export type StartTimer = (delayMs: number, run: () => void) => () => void

export const startSystemTimer: StartTimer = (delayMs, run) => {
  const timer = setTimeout(run, delayMs)
  return () => clearTimeout(timer)
}
