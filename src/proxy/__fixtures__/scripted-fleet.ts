import { GatewayError } from '../../errors/gateway-error.ts'
import type { RawHeaders } from '../../lib/raw-headers.ts'
import type { AttemptOutcome, Router } from '../router.ts'
import type { AbortReason, ResponseSink, Upstream, UpstreamError, UpstreamRequest } from '../upstream.ts'

/** One attempt in the hands of a test, which speaks for the upstream. */
export interface ScriptedAttempt {
  readonly upstream: string
  readonly request: UpstreamRequest
  readonly sink: ResponseSink
  readonly aborts: AbortReason[]
  /** What the exchange told routing: outcomes, then `released`. */
  readonly told: (AttemptOutcome | 'released')[]
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
  /** Calls for a place that nobody answers until `grant`. */
  hold: boolean
  grant(): void
  readonly cancelled: number
}

/** Upstreams with these names, tried in order; each attempt waits for what the test makes of it. */
export function createScriptedFleet(...names: string[]): ScriptedFleet {
  const attempts: ScriptedAttempt[] = []
  let waiting: (() => void)[] = []
  let cancelled = 0

  const router: Router = {
    request({ tried }, to) {
      const name = names.find((each) => !tried.has(each))
      const answer = (): void => {
        if (name === undefined) return to.refused(new GatewayError('no_upstream', { retryAfterSeconds: 3 }))
        const told: (AttemptOutcome | 'released')[] = []
        to.granted({
          upstream: createUpstream(name, told),
          began: () => {},
          answered: () => {},
          report: (outcome) => void told.push(outcome),
          release: () => void told.push('released'),
        })
      }
      if (!fleet.hold) {
        answer()
        return { cancel: () => undefined, place: () => undefined }
      }
      waiting.push(answer)
      return {
        cancel() {
          cancelled += 1
          waiting = waiting.filter((each) => each !== answer)
        },
        place: () => undefined,
      }
    },
  }

  function createUpstream(id: string, told: (AttemptOutcome | 'released')[]): Upstream {
    return {
      id,
      speaks: () => new Set(['ollama'] as const),
      send(request, sink) {
        const attempt = createAttempt({ upstream: id, request, sink, told })
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
    hold: false,
    grant() {
      for (const answer of waiting.splice(0)) answer()
    },
    get cancelled() {
      return cancelled
    },
  }
  return fleet
}

type AttemptFacts = Pick<ScriptedAttempt, 'upstream' | 'request' | 'sink' | 'told'>

function createAttempt(facts: AttemptFacts): ScriptedAttempt {
  const { sink } = facts
  return {
    ...facts,
    aborts: [],
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
