/**
 * Preloaded into each process of the bench: time passes as many times faster as CORRAL_BENCH_SPEED says, for every
 * clock and timer that the program can see. The epoch is common to all of them.
 */
const speed = Number(process.env['CORRAL_BENCH_SPEED'])
const epochMs = Number(process.env['CORRAL_BENCH_EPOCH'])
if (!(speed > 0) || !(epochMs > 0)) throw new Error('CORRAL_BENCH_SPEED and CORRAL_BENCH_EPOCH are not set')

const RealDate = Date
const realNow = RealDate.now.bind(RealDate)
const realPerformanceNow = performance.now.bind(performance)
const fastNow = (): number => Math.round(epochMs + (realNow() - epochMs) * speed)

class FastDate extends RealDate {
  constructor(...given: [] | [value: number | string | Date]) {
    super(given.length === 0 ? fastNow() : given[0])
  }

  static override now = fastNow
}

globalThis.Date = FastDate as DateConstructor // nothing here calls it without `new`, or with more than one argument
performance.now = () => realPerformanceNow() * speed
for (const name of ['setTimeout', 'setInterval'] as const) {
  const real = globalThis[name]
  const fast = (run: () => void, ms = 0, ...rest: unknown[]): unknown => real(run, ms / speed, ...(rest as []))
  // Symbols such as that of `util.promisify` go with it.
  Object.assign(globalThis, { [name]: Object.assign(fast, real) })
}
