import type { Candidate } from './candidate.ts'
import type { Lane } from './lane.ts'
import type { Server } from './server.ts'
import { type LoadView, missedMs } from './swap.ts'
import type { WaitQueue } from './wait-queue.ts'

export interface OpenView extends LoadView {
  /** Nothing is evicted that others wait for. */
  readonly sparesQueued: boolean
}

/** Of what waits, that of which something could be sent somewhere now. */
export function isOpen(lane: Lane, view: OpenView, at?: Server): boolean {
  const mayTake = (candidate: Candidate): boolean => canTake(candidate, lane, view)
  if (at === undefined) return lane.tiers.some((tier) => tier.some(mayTake))
  const runner = at.runners.get(lane.demand.model)
  return runner !== undefined && mayTake({ server: at, runner })
}

/** Those that are open at one upstream: a large fleet has hundreds of lanes there, and a free slot suits one or two. */
export function openAt(server: Server, queue: WaitQueue, view: OpenView): Lane[] {
  const lanes = queue.lanesAt(server)
  if (server.isProvider) return server.isFull ? [] : [...lanes]
  const open: Lane[] = []
  for (const runner of server.held) {
    for (const lane of queue.lanesOf(runner.demand)) {
      if (lanes.has(lane) && server.canStart(runner, lane.briefs > 0)) open.push(lane)
    }
  }
  addLoads(open, lanes, { server, view })
  return open
}

/** Whatever is loaded evicts at least what the smallest model would: where that cannot be, no lane need be asked. */
function addLoads(
  open: Lane[],
  lanes: ReadonlySet<Lane>,
  { server, view }: { readonly server: Server; readonly view: OpenView },
): void {
  if (server.isFull || server.loading !== undefined) return
  const { victims, isBlocked } = server.evictionsFor(server.leastBytes)
  if (isBlocked) return
  const leastMs = view.sparesQueued ? missedMs(victims, server, view) : Number.NEGATIVE_INFINITY
  if (leastMs === Number.POSITIVE_INFINITY) return
  for (const lane of lanes) {
    if (view.now - lane.oldestAt < leastMs) continue
    const runner = server.runners.get(lane.demand.model)
    if (runner?.state === 'absent' && canTake({ server, runner }, lane, view)) open.push(lane)
  }
}

function canTake({ server, runner }: Candidate, lane: Lane, view: OpenView): boolean {
  if (server.isProvider) return !server.isFull
  if (!server.canStart(runner, lane.briefs > 0)) return false
  if (!view.sparesQueued || runner.state !== 'absent') return true
  const arrivedAt = lane.heads.first?.first?.work.arrivedAt ?? view.now
  return view.now - arrivedAt >= missedMs(server.evictionsFor(runner.bytes).victims, server, view)
}
