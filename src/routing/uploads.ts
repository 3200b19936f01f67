import type { Clock } from '../lib/clock.ts'
import type { AttemptOutcome, RouteRequest } from '../proxy/router.ts'
import { type ClaimListener, NOBODY } from './claims.ts'
import { createWritePins, type WritePin } from './write-pins.ts'
import { isCreate, isUpload } from './write-targets.ts'

/** Keeps the uploads of a key, and the create that uses them, at one place. */
export interface Uploads {
  pinOf(request: RouteRequest): WritePin | undefined
  /** Who hears of a request that is sent there. */
  watch(request: RouteRequest, upstream: string): ClaimListener
}

export function createUploads(clock: Clock): Uploads {
  const pins = createWritePins()
  const pinOf = (request: RouteRequest): WritePin | undefined =>
    isUpload(request) ? pins.of(request.principal.keyId, clock.now()) : undefined
  return {
    pinOf,
    watch(request, upstream) {
      if (!isUpload(request)) return NOBODY
      const creates = isCreate(request)
      // A create keeps what the uploads before it pinned, and pins nothing by itself.
      if (creates && pinOf(request)?.upstream !== upstream) return NOBODY
      const hold = pins.hold(request.principal.keyId, upstream, clock.now())
      return { ...NOBODY, released: (outcome) => hold.ended(endOf(outcome, creates), clock.now()) }
    },
  }
}

function endOf(outcome: AttemptOutcome, creates: boolean): 'unreached' | 'uploaded' | 'created' {
  if (outcome === 'unreachable') return 'unreached'
  return creates && outcome === 'answered' ? 'created' : 'uploaded'
}
