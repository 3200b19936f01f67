/** What a count has come to once it no longer moves; throws where it never rests. */
export async function whenAtRest(
  count: () => number,
  options: { quietMs?: number; timeoutMs?: number } = {},
): Promise<number> {
  const { quietMs = 400, timeoutMs = 10_000 } = options
  const deadline = performance.now() + timeoutMs
  let last = count()
  let since = performance.now()
  while (performance.now() - since < quietMs) {
    if (performance.now() > deadline) throw new Error(`still moving after ${timeoutMs} ms, at ${count()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    if (count() !== last) {
      last = count()
      since = performance.now()
    }
  }
  return last
}
