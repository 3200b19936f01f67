import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from '../parts/machine.ts'
import type { MeasuredCase } from './measured-case.ts'
import { runOnce } from './one-run.ts'
import { type Case, fullPlan, quickPlan, REPORT_SEEDS, TUNING_SEEDS } from './plan.ts'
import { resultsPage, terminalPage } from './results-page.ts'
import { measureSpeed } from './speed.ts'
import { checkTargets } from './targets.ts'
import { loadTrace, type Trace } from './trace.ts'
import { fitTrace } from './trace-fit.ts'
import { serveRuns, startWorkers } from './worker-pool.ts'

const RESULTS = join(import.meta.dirname, 'RESULTS.md')
const WORKERS = 2

const { values } = parseArgs({
  options: {
    /** One fleet, one load, one seed. */
    quick: { type: 'boolean', default: false },
    /** With the seeds that constants are chosen by; nothing is written. */
    tuning: { type: 'boolean', default: false },
    /** A CSV of arrivals, gzipped or not. */
    trace: { type: 'string' },
    /** Only one fleet; nothing is written. */
    fleet: { type: 'string' },
    /** Only measures the trace, for `fitted-trace.ts`. */
    fit: { type: 'boolean', default: false },
    worker: { type: 'boolean', default: false },
  },
})

const trace = loadTrace(values.trace)
if (values.fit) console.log(JSON.stringify(fitTrace(trace.entries, trace.source), null, 2))
else if (values.worker) serveRuns((order) => runOnce(trace.entries, order))
else await run(trace)

async function run({ source, entries }: Trace): Promise<void> {
  const startedAt = performance.now()
  const seeds = chosenSeeds()
  const plan = (values.quick ? quickPlan() : fullPlan()).filter(({ fleet }) => fleet === (values.fleet ?? fleet))
  // Before the others take the cores.
  const speed = values.fleet === undefined ? measureSpeed() : []
  const cases = await simulateAll(plan, seeds)
  const seconds = (performance.now() - startedAt) / 1000
  const facts = [
    `arrivals and lengths: ${source}; ${entries.length} requests, of which each seed keeps a third`,
    `seeds ${seeds.join(', ')}; constants and the hand-tuned placements were chosen with ${TUNING_SEEDS.join(', ')}`,
    `${plan.length} cases in ${seconds.toFixed(0)} s on ${describeMachine()}, ${new Date().toISOString().slice(0, 10)}`,
  ]
  const page = { measures: [...checkTargets(cases), ...speed], cases, facts }
  console.log(terminalPage(page))
  if (!values.quick && !values.tuning && values.fleet === undefined) writeFileSync(RESULTS, resultsPage(page))
}

function chosenSeeds(): readonly number[] {
  const seeds = values.tuning ? TUNING_SEEDS : REPORT_SEEDS
  return values.quick ? seeds.slice(0, 1) : seeds
}

async function simulateAll(plan: readonly Case[], seeds: readonly number[]): Promise<MeasuredCase[]> {
  const args = ['--worker', ...(values.trace === undefined ? [] : ['--trace', values.trace])]
  using workers = startWorkers(import.meta.filename, args, WORKERS)
  let done = 0
  return await Promise.all(
    plan.map(async (order) => {
      const reports = await Promise.all(seeds.map((seed) => workers.run({ ...order, seed })))
      done++
      if (done % 20 === 0) console.error(`${done} of ${plan.length} cases`)
      return { order, reports }
    }),
  )
}
