import type { AbortReason, Attempt, BodyStream, ResponseSink, Upstream, UpstreamRequest } from '../proxy/upstream.ts'
import { type SharedBody, shareBody } from './several-bodies.ts'
import { Part, type PartListener } from './several-part.ts'
import { type ProgressLine, SeveralProgress } from './several-progress.ts'
import { reasonOf, type Verdict, verdictOf } from './several-verdict.ts'

/**
 * Sends one request to all of them and makes one answer of theirs: for what changes models, on several servers at
 * once. One that fails stops none of the others.
 */
export function createSeveralUpstreams(upstreams: readonly Upstream[]): Upstream {
  const [only, ...others] = upstreams
  if (only === undefined) throw new TypeError('There is no upstream to send to')
  if (others.length === 0) return only
  return {
    id: upstreams.map((upstream) => upstream.id).join(','),
    speaks(model) {
      const spoken = others.map((upstream) => upstream.speaks(model))
      return new Set([...only.speaks(model)].filter((dialect) => spoken.every((each) => each.has(dialect))))
    },
    send: (request, sink) => new SeveralAttempt(upstreams, request, sink),
  }
}

const NDJSON = ['content-type', 'application/x-ndjson']
const JSON_TYPE = ['content-type', 'application/json; charset=utf-8']

const encoder = new TextEncoder()

/**
 * The attempts of one request at all its upstreams. Nothing waits to be sent but what the merged progress remembers:
 * while there is no room, all of them pause, and what they said is told as it stands afterwards.
 */
class SeveralAttempt implements Attempt, PartListener {
  readonly #sink: ResponseSink
  readonly #request: UpstreamRequest
  readonly #parts: readonly Part[]
  readonly #body: SharedBody | null
  readonly #progress: SeveralProgress
  #accepted = false
  #streaming = false
  #paused = false
  #concluded = false
  #aborted = false
  #released = false

  constructor(upstreams: readonly Upstream[], request: UpstreamRequest, sink: ResponseSink) {
    this.#sink = sink
    this.#request = request
    this.#progress = new SeveralProgress(upstreams.map((upstream) => upstream.id))
    this.#body = isStream(request.body) ? shareBody(request.body, upstreams.length) : null
    this.#parts = upstreams.map((upstream, branch) => new Part(upstream.id, branch, this))
    upstreams.forEach((upstream, branch) => {
      const part = this.#parts[branch]
      const body = this.#body?.branches[branch] ?? request.body
      if (part !== undefined) part.attempt = upstream.send({ ...request, body }, part)
    })
  }

  abort(reason: AbortReason): void {
    if (this.#aborted || this.#released) return
    this.#aborted = true
    for (const part of this.#parts) if (!part.isReleased) part.attempt?.abort(reason)
    this.#settle()
  }

  /** Not from inside this call: whoever has room again may still be busy with what made it. */
  resume(): void {
    if (!this.#paused || this.#aborted) return
    this.#paused = false
    queueMicrotask(() => this.#goOn())
  }

  accepted(): void {
    if (this.#accepted || this.#isSilent()) return
    this.#accepted = true
    this.#sink.accepted()
  }

  progressed(part: Part, line: ProgressLine): void {
    this.#progress.heard(part.name, line)
    this.#tell()
  }

  hasRoom(): boolean {
    return !this.#paused
  }

  ended(part: Part): void {
    this.#body?.leave(part.branch)
    if (part.ending !== undefined) this.#progress.ended(part.name, reasonOf(part.ending))
    if (this.#streaming) this.#tell()
    this.#settle()
  }

  released(): void {
    this.#settle()
  }

  #goOn(): void {
    this.#tell()
    if (this.#paused || this.#aborted) return
    for (const part of this.#parts) {
      if (!part.paused || part.isReleased) continue
      part.paused = false
      part.attempt?.resume()
    }
    this.#settle()
  }

  /** Passes on what progress there is while there is room. */
  #tell(): void {
    while (!this.#paused && !this.#isSilent()) {
      const line = this.#progress.next()
      if (line === undefined) return
      this.#say(line)
    }
  }

  #say(line: object): void {
    if (!this.#streaming) {
      this.#streaming = true
      this.#sink.head(200, NDJSON)
    }
    if (this.#isSilent()) return
    if (!this.#sink.data(encoder.encode(`${JSON.stringify(line)}\n`))) this.#paused = true
  }

  /** Once all have ended it says what became of it; once all are released and that was said, it is released. */
  #settle(): void {
    if (!this.#isSilent() && !this.#paused && this.#parts.every((part) => part.ending !== undefined)) this.#conclude()
    if (this.#released || !(this.#concluded || this.#aborted)) return
    if (!this.#parts.every((part) => part.isReleased)) return
    this.#released = true
    this.#sink.released()
  }

  #conclude(): void {
    const isDelete = this.#request.method === 'DELETE'
    const parts = this.#parts.flatMap(({ name, ending }) => (ending === undefined ? [] : [{ name, ending }]))
    const verdict = verdictOf(parts, { isDelete })
    if (this.#streaming) this.#say(this.#progress.conclusion(verdict.kind === 'done' ? undefined : verdict.message))
    else if (verdict.kind !== 'failed') this.#answer(verdict)
    if (this.#isSilent()) return
    this.#concluded = true
    if (verdict.kind === 'failed' && !this.#streaming) this.#sink.fail(verdict.error)
    else this.#sink.end()
  }

  /** A whole answer. */
  #answer(verdict: Exclude<Verdict, { kind: 'failed' }>): void {
    const isRefused = verdict.kind === 'refused'
    const text = isRefused ? JSON.stringify({ error: verdict.message }) : verdict.text
    const bytes = encoder.encode(this.#request.method === 'HEAD' ? '' : text)
    const type = isRefused || bytes.length > 0 ? JSON_TYPE : []
    this.#sink.head(verdict.status, [...type, 'content-length', String(bytes.length)])
    // However little room there is: it is all there is.
    if (bytes.length > 0 && !this.#isSilent()) this.#sink.data(bytes)
  }

  #isSilent(): boolean {
    return this.#aborted || this.#concluded
  }
}

function isStream(body: UpstreamRequest['body']): body is BodyStream {
  return body !== null && !Array.isArray(body)
}
