import { GatewayError } from '../../errors/gateway-error.ts'
import type { RawHeaders } from '../../lib/raw-headers.ts'
import type { AnswerFacts, AttemptOutcome, QueuePlace, RouteRequest, Router } from '../router.ts'
import type { AbortReason, ResponseSink, Upstream, UpstreamError, UpstreamRequest } from '../upstream.ts'

/** One attempt in the hands of a test, which speaks for the upstream. */
export interface ScriptedAttempt {
  readonly upstream: string
  readonly request: UpstreamRequest
  readonly sink: ResponseSink
  readonly aborts: AbortReason[]
  /** What the exchange told routing: outcomes, then `released`. */
  readonly told: (AttemptOutcome | 'released')[]
  /** What it was told besides: that the answer began, and what it says of itself. */
  readonly learnt: ('began' | AnswerFacts)[]
  /** Whether routing has given its upstream up. */
  isLost: boolean
  resumed: number
  head(status: number, headers?: RawHeaders): void
  /** What the exchange says about room. */
  data(text: string): boolean
  end(): void
  fail(error: UpstreamError): void
}

export interface ScriptedFleet {
  readonly router: Router
  readonly attempts: ScriptedAttempt[]
  readonly requests: RouteRequest[]
  /** Calls for a place that nobody answers until `grant`. */
  hold: boolean
  grant(): void
  /** Answers those that wait in the other way. */
  refuse(error: GatewayError): void
  /** Where whoever waits stands. */
  place: QueuePlace | undefined
  readonly cancelled: number
}

/** Upstreams with these names, tried in order; each attempt waits for what the test makes of it. */
export function createScriptedFleet(...names: string[]): ScriptedFleet {
  const attempts: ScriptedAttempt[] = []
  const requests: RouteRequest[] = []
  let waiting: { readonly grant: () => void; readonly refuse: (error: GatewayError) => void }[] = []
  let cancelled = 0

  const router: Router = {
    request(request, to) {
      requests.push({ ...request, tried: new Set(request.tried) })
      const name = names.find((each) => !request.tried.has(each))
      const answer = (): void => {
        if (name === undefined) return to.refused(new GatewayError('no_upstream', { retryAfterSeconds: 3 }))
        const told: ScriptedAttempt['told'] = []
        const learnt: ScriptedAttempt['learnt'] = []
        to.granted({
          upstream: createUpstream(name, { told, learnt }),
          began: () => void learnt.push('began'),
          answered: (facts) => void learnt.push(facts),
          report: (outcome) => void told.push(outcome),
          release: () => void told.push('released'),
          isLost: () => attempts.some((each) => each.told === told && each.isLost),
        })
      }
      if (!fleet.hold) {
        answer()
        return { cancel: () => undefined, place: () => undefined }
      }
      const waiter = { grant: answer, refuse: (error: GatewayError) => to.refused(error) }
      waiting.push(waiter)
      return {
        cancel() {
          cancelled += 1
          waiting = waiting.filter((each) => each !== waiter)
        },
        place: () => (waiting.includes(waiter) ? fleet.place : undefined),
      }
    },
  }

  function createUpstream(id: string, heard: Pick<ScriptedAttempt, 'told' | 'learnt'>): Upstream {
    return {
      id,
      speaks: () => new Set(['ollama'] as const),
      send(request, sink) {
        const attempt = createAttempt({ upstream: id, request, sink, ...heard })
        attempts.push(attempt)
        return {
          abort(reason) {
            attempt.aborts.push(reason)
            sink.released()
          },
          resume: () => void (attempt.resumed += 1),
        }
      },
    }
  }

  const fleet: ScriptedFleet = {
    router,
    attempts,
    requests,
    hold: false,
    grant() {
      for (const { grant } of waiting.splice(0)) grant()
    },
    refuse(error) {
      for (const { refuse } of waiting.splice(0)) refuse(error)
    },
    place: undefined,
    get cancelled() {
      return cancelled
    },
  }
  return fleet
}

type AttemptFacts = Pick<ScriptedAttempt, 'upstream' | 'request' | 'sink' | 'told' | 'learnt'>

function createAttempt(facts: AttemptFacts): ScriptedAttempt {
  const { sink } = facts
  return {
    ...facts,
    aborts: [],
    isLost: false,
    resumed: 0,
    head: (status, headers = []) => sink.head(status, headers),
    data: (text) => sink.data(new TextEncoder().encode(text)),
    end() {
      sink.end()
      sink.released()
    },
    fail(error) {
      sink.fail(error)
      sink.released()
    },
  }
}
