import type { Estimates } from '../learning/estimates.ts'
import type { ServerQuote } from './dispatcher.ts'
import type { Runner } from './runner.ts'
import type { Server } from './server.ts'
import type { Work } from './work.ts'

/** What one upstream would cost a work now. */
export interface Choice {
  readonly server: Server
  readonly runner: Runner
  readonly waitMs: number
  readonly loadMs: number
  readonly prefillMs: number
  readonly networkMs: number
  readonly othersMs: number
  readonly totalMs: number
  /** Idle models that make room. */
  readonly victims: readonly Runner[]
  readonly isReady: boolean
}

export function quote(work: Work, [server, runner]: readonly [Server, Runner], parts: Parts): Choice {
  const { estimates, now } = parts
  const networkMs = estimates.networkMs(server.name)
  const prefillMs = work.prompt.tokens * runner.pair.prefillMsPerToken
  const place = server.isProvider ? READY : placeOf(work, [server, runner], parts)
  const totalMs = place.waitMs + place.loadMs + prefillMs + networkMs
  return { server, runner, ...place, prefillMs, networkMs, othersMs: 0, totalMs }
}

export function asQuote(choice: Choice, chosen: boolean): ServerQuote {
  const { server, waitMs, loadMs, prefillMs, networkMs, othersMs } = choice
  return { server: server.name, queueMs: waitMs, loadMs, prefillMs, networkMs, othersMs, chosen }
}

interface Parts {
  readonly estimates: Estimates
  readonly now: number
}

type Place = Pick<Choice, 'waitMs' | 'loadMs' | 'victims' | 'isReady'>

const READY: Place = { waitMs: 0, loadMs: 0, victims: [], isReady: true }

function placeOf(work: Work, [server, runner]: readonly [Server, Runner], { estimates, now }: Parts): Place {
  const isOpen = !server.isFull
  if (runner.state !== 'absent') {
    const isFree = server.hasFreeSlot(runner, work)
    const waitMs = isFree ? 0 : runner.soonestFreeMs(now)
    return { waitMs, loadMs: isFree ? runner.loadRemainingMs(now) : 0, victims: [], isReady: isFree && isOpen }
  }
  const loadMs = estimates.loadMs(server.name, runner.bytes)
  const { victims, isBlocked } = server.evictionsFor(runner)
  const { loading } = server
  let waitMs = loading?.loadRemainingMs(now) ?? 0
  for (const victim of victims) waitMs = Math.max(waitMs, victim.lastFreeMs(now))
  return { waitMs, loadMs, victims, isReady: isOpen && !isBlocked && loading === undefined }
}
