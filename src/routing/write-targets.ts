import type { WritePin } from './write-pins.ts'
import { pick, selectUpstreams, type Selection } from './selection/select.ts'
import { isAmong, isWrite, judgeFleet, type SelectRequest, type Snapshot, type Verdict } from './selection/verdict.ts'

/** Health is no reason to leave out one that was named: its part of the answer says that it failed. */
const ASKED_ANYWAY: ReadonlySet<Verdict> = new Set([
  'eligible',
  'lacks-model',
  'down',
  'broken',
  'unproven',
  'fails-model',
])

/**
 * Pure: where what changes models goes: everywhere that it names, else to one place. `pinned` is where the uploads of
 * the same key went.
 */
export function selectWriteTargets(request: SelectRequest, snapshot: Snapshot, pinned?: WritePin): Selection {
  const { named = null } = request
  if (named !== null) return selectNamed(request, snapshot)
  if (pinned !== undefined && isUpload(request)) {
    const names = pinned.upstream.split(',')
    const there = selectNamed({ ...request, named: names }, snapshot)
    // Better none than one that would miss what was uploaded; one that has left for good is not waited for.
    const isAwaited = snapshot.upstreams.some(({ name, enabled }) => enabled && names.includes(name))
    if (there.kind === 'eligible' || (pinned.isBinding && isAwaited)) return there
  }
  return selectOne(request, snapshot)
}

/** Blobs, and the creation that names them. */
export function isUpload(request: SelectRequest): boolean {
  return isCreate(request) || (isWrite(request) && request.route.pattern.startsWith('/api/blobs/'))
}

export function isCreate(request: SelectRequest): boolean {
  return isWrite(request) && request.route.pattern === '/api/create'
}

function selectNamed(request: SelectRequest, snapshot: Snapshot): Selection {
  const verdicts = judgeFleet(request, snapshot)
  const states = snapshot.upstreams.filter((_state, index) => ASKED_ANYWAY.has(verdicts[index] ?? 'disabled'))
  const unable = request.named?.find((name) => name !== '*' && !states.some((state) => isAmong(state, [name])))
  // Done on some of them alone, it would look as if it were done on all.
  if (unable !== undefined && states.length > 0) return { kind: 'none', reason: 'name-unable', name: unable }
  if (states.length < 2) return selectOne(request, snapshot)
  // Some of them may have done it.
  if (request.tried.size > 0) return { kind: 'none', reason: 'all-tried' }
  return { kind: 'eligible', states, why: 'any' }
}

function selectOne(request: SelectRequest, snapshot: Snapshot): Selection {
  const selection = selectUpstreams(request, snapshot)
  const state = selection.kind === 'eligible' ? pick(request, selection, 0) : undefined
  return state === undefined || selection.kind !== 'eligible' ? selection : { ...selection, states: [state] }
}
