import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from '../parts/machine.ts'
import { findFleet } from '../routing/fleet.ts'
import { runOnce, workloadOf } from '../routing/one-run.ts'
import { loadTrace } from '../routing/trace.ts'
import { startFleet } from './fleet-processes.ts'
import { compare, type Comparison, comparisonPage } from './comparison.ts'
import { sendLoad } from './send-load.ts'

const RESULTS = join(import.meta.dirname, 'RESULTS.md')

const { values } = parseArgs({
  options: {
    /** How much faster time passes for servers and gateway. */
    speed: { type: 'string', default: '20' },
    /** Of each run, in real time. */
    minutes: { type: 'string', default: '3' },
    utilisation: { type: 'string', multiple: true, default: ['0.6'] },
    parallel: { type: 'string', default: '1' },
    seed: { type: 'string', default: '101' },
    /** The gateway is told of the slots, as the simulator's is. */
    'stated-slots': { type: 'boolean', default: false },
    trace: { type: 'string' },
    /** Prints only. */
    dry: { type: 'boolean', default: false },
  },
})

const speed = Number(values.speed)
const trace = loadTrace(values.trace)
const comparisons: Comparison[] = []
for (const utilisation of values.utilisation) comparisons.push(await measure(Number(utilisation)))
const facts = [
  `arrivals and lengths: ${trace.source}; seed ${values.seed}`,
  `time ${speed} times faster for servers and gateway; what the gateway itself takes counts that much more`,
  `slots ${values['stated-slots'] ? 'stated' : 'learnt'}; ${describeMachine()}, ${new Date().toISOString().slice(0, 10)}`,
]
const page = comparisonPage(comparisons, facts)
console.log(page)
if (!values.dry) writeFileSync(RESULTS, page)

async function measure(utilisation: number): Promise<Comparison> {
  const common = { fleet: 'mixed', parallel: Number(values.parallel), utilisation, heavyUser: false }
  const order = { ...common, seed: Number(values.seed) }
  const whole = workloadOf(trace.entries, order)
  // So many of a run as long as the trace would arrive in this time.
  const share = (Number(values.minutes) * 60_000 * speed) / (whole.at(-1)?.atMs ?? 1)
  const bounded = { ...order, atMost: Math.max(1, Math.round(whole.length * Math.min(1, share))) }
  const requests = workloadOf(trace.entries, bounded)
  const simulated = runOnce(trace.entries, { ...bounded, policy: 'corral' })
  await using fleet = await startFleet({
    fleet: findFleet(order.fleet),
    parallel: order.parallel,
    statesSlots: values['stated-slots'],
    speed,
  })
  const outcomes = await sendLoad(fleet, requests, speed)
  const loads = (await fleet.loads()).reduce((sum, each) => sum + each, 0)
  return compare(bounded, { simulated, outcomes, loads })
}
