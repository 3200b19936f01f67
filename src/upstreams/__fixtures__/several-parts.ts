import type {
  AbortReason,
  BodyControl,
  BodyStream,
  ResponseSink,
  Upstream,
  UpstreamRequest,
} from '../../proxy/upstream.ts'

/** An upstream whose every word is the test's. */
export interface SpokenPart {
  readonly upstream: Upstream
  readonly aborts: AbortReason[]
  readonly requests: UpstreamRequest[]
  resumed: number
  sink(): ResponseSink
  /** Accepts, and answers with lines of progress that go on. */
  begin(): void
  /** Whether there is room for more. */
  line(value: object): boolean
  end(): void
  /** A whole answer, from the acceptance to the release. */
  answer(status: number, body?: object): void
  fail(kind: 'unreachable' | 'reset'): void
  /** The upload as it reaches this one, once it has asked for it. */
  readonly received: string[]
  upload(options?: { room(): boolean }): BodyControl
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function createSpokenPart(id: string): SpokenPart {
  let heard: ResponseSink | undefined
  const aborts: AbortReason[] = []
  const requests: UpstreamRequest[] = []
  const received: string[] = []
  const sink = (): ResponseSink => {
    if (heard === undefined) throw new Error(`${id} was not asked`)
    return heard
  }
  const part: SpokenPart = {
    aborts,
    requests,
    received,
    resumed: 0,
    sink,
    upstream: {
      id,
      speaks: () => new Set(['ollama'] as const),
      send(request, to) {
        requests.push(request)
        heard = to
        return {
          abort(reason) {
            aborts.push(reason)
            to.released()
          },
          resume: () => void (part.resumed += 1),
        }
      },
    },
    begin() {
      sink().accepted()
      sink().head(200, ['Content-Type', 'application/x-ndjson'])
    },
    line: (value) => sink().data(encoder.encode(`${JSON.stringify(value)}\n`)),
    end() {
      sink().end()
      sink().released()
    },
    answer(status, body) {
      sink().accepted()
      sink().head(status, body === undefined ? [] : ['Content-Type', 'application/json; charset=utf-8'])
      if (body !== undefined) sink().data(encoder.encode(JSON.stringify(body)))
      part.end()
    },
    fail(kind) {
      if (kind === 'reset') sink().accepted()
      sink().fail({ kind, executed: kind === 'reset' ? 'maybe' : 'no' })
      sink().released()
    },
    upload({ room } = { room: () => true }) {
      const body = requests[0]?.body as BodyStream // the test has sent one
      return body.start({
        data(chunk) {
          received.push(decoder.decode(chunk))
          return room()
        },
        end: () => void received.push('end'),
        fail: (reason) => void received.push(`fail ${reason ?? ''}`),
      })
    },
  }
  return part
}
