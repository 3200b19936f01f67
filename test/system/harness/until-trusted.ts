const PAUSE_MS = 50
const MAX_TRIES = 1000
/** What a circuit breaker wants to see before it is closed again. */
const ANSWERS_AFTER_REFUSAL = 4

/**
 * Asks until an upstream is trusted again after requests to it have failed: one answer heals what was only suspected,
 * and what several requests in a row found broken is tried again after a pause, with few requests at first.
 */
export async function untilTrusted(ask: () => Promise<{ readonly status: number }>): Promise<void> {
  let answers = 0
  let needed = 1
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if ((await ask()).status === 200) {
      answers++
    } else {
      answers = 0
      needed = ANSWERS_AFTER_REFUSAL
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
    if (answers === needed) return
  }
  throw new Error('An upstream does not answer again')
}
