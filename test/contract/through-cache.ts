import { asking, plainReader } from '../../src/cache/__fixtures__/cache-scene.ts'
import { createAnswerStore } from '../../src/cache/answer-store.ts'
import { Flight, type FlightDesk } from '../../src/cache/flight.ts'
import type { Claim, RouteReceiver, Router } from '../../src/proxy/router.ts'
import type { ResponseSink, Upstream } from '../../src/proxy/upstream.ts'

/**
 * The upstream as an exchange gets it from the cache, whatever it is asked: that of the first who asks, or of one who
 * joins it and stays when the first one leaves.
 */
export function throughCache(far: Upstream, seat: 'first' | 'joined'): Upstream {
  return {
    id: far.id,
    speaks: (model) => far.speaks(model),
    send(request, sink) {
      const flight = new Flight({ key: 'key', digest: 'digest' }, asking({}, { asking: request }), createDesk())
      const first = taken((to) => flight.start(grantAlways(far), to))
      if (seat === 'first') return first.upstream.send(request, sink)
      const leaver = first.upstream.send(request, NOBODY)
      const joined = taken((to) => flight.join(asking({}, { asking: request }), to))
      const attempt = joined.upstream.send(request, sink)
      leaver.abort('client-gone')
      return attempt
    },
  }
}

function taken(ask: (to: RouteReceiver) => unknown): Claim {
  const claims: Claim[] = []
  ask({ granted: (claim) => void claims.push(claim), refused: () => undefined })
  const [claim] = claims
  if (claim === undefined) throw new Error('no place was granted')
  return claim
}

function grantAlways(upstream: Upstream): Router {
  return {
    request(_request, to) {
      to.granted({ upstream, began() {}, answered() {}, report() {}, release() {}, isLost: () => false })
      return { cancel() {}, place: () => undefined }
    },
  }
}

function createDesk(): FlightDesk {
  return {
    store: createAnswerStore({ now: () => 0 }, { ttlMs: 1000, maxBytes: 2 ** 26 }),
    reader: plainReader,
    isCurrent: () => true,
    closed() {},
    askAgain() {
      throw new Error('every place is granted')
    },
  }
}

const NOBODY: ResponseSink = {
  accepted() {},
  info() {},
  head() {},
  data: () => true,
  end() {},
  fail() {},
  released() {},
}
