import { readdirSync, readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'

/** CPU ticks of the machine and of the bench itself, with all it has started. */
export interface MachineTicks {
  readonly total: number
  readonly busy: number
  readonly own: number
}

/** How much of the machine others used in some stretch of time, 0 to 1, and what its host took away. */
export function foreignShare(before: MachineTicks, after: MachineTicks): number {
  const busy = after.busy - before.busy
  const own = after.own - before.own
  return Math.max(0, busy - own) / (after.total - before.total)
}

export function machineTicks(): MachineTicks {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? ''
  const ticks = line.split(/\s+/).slice(1, 9).map(Number)
  const total = ticks.reduce((sum, each) => sum + each, 0)
  const [idle = 0, waiting = 0] = ticks.slice(3, 5)
  return { total, busy: total - idle - waiting, own: ownTicks() }
}

export function describeMachine(): string {
  const load = loadavg()
    .map((each) => each.toFixed(2))
    .join(' ')
  return `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.versions.node}, load average ${load}`
}

/** Of every process of this group, those that have ended and were waited for included. */
function ownTicks(): number {
  const group = processFields('self')?.[2]
  let sum = 0
  for (const pid of readdirSync('/proc')) {
    const fields = /^\d+$/.test(pid) ? processFields(pid) : undefined
    if (fields?.[2] === group) sum += fields?.slice(11, 15).reduce((ticks, each) => ticks + Number(each), 0) ?? 0
  }
  return sum
}

function processFields(pid: string): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    // It has ended since it was listed.
    return undefined
  }
}
