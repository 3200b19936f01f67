import type { Dialect } from '../../dialects/dialect.ts'
import { createBag } from '../../lib/bag.ts'
import type { Attempt, ResponseSink, Upstream, UpstreamError, UpstreamRequest } from '../../proxy/upstream.ts'
import { closeCodes } from '../wire/codes.ts'
import type { LinkFrame } from '../wire/frame.ts'
import type { AgentStatus, Hello } from '../wire/greeting.ts'
import type { Link } from '../wire/link.ts'
import type { TransportKind } from '../wire/transport.ts'
import { AgentAttempt } from './agent-attempt.ts'

export interface AgentFacts {
  readonly id: string
  readonly instance: string
  /** As the agent says. */
  readonly host: string
  /** As the gateway sees it. */
  readonly address: string
  readonly software: string
  readonly pool: string
  readonly keyId: string
  readonly user: string
  readonly transport: TransportKind
  readonly connectedAt: number
}

export interface SessionDeps {
  startTimer(delayMs: number, run: () => void): () => void
  /** Its status or its draining has changed. */
  changed(): void
  /** A link that was silent for so long gets no new work. */
  suspectAfterMs(): number
}

const ALL_DIALECTS: ReadonlySet<Dialect> = new Set<Dialect>(['ollama', 'openai', 'responses', 'anthropic'])
const LAST_STREAM = 0x7fff_ffff

/** An agent that was let in, for as long as its link lives. To the proxy it is an upstream like any other. */
export class AgentSession implements Upstream {
  readonly facts: AgentFacts
  readonly #link: Link
  readonly #hello: Hello
  readonly #deps: SessionDeps
  readonly #attempts = createBag<AgentAttempt>()
  #nextStream = 1
  #status: AgentStatus | null = null
  #draining = false
  #endReason: string | null = null

  constructor(link: Link, { facts, hello }: { readonly facts: AgentFacts; readonly hello: Hello }, deps: SessionDeps) {
    this.#link = link
    this.facts = facts
    this.#hello = hello
    this.#deps = deps
  }

  get id(): string {
    return this.facts.id
  }

  /** Null until the agent has told. */
  get status(): AgentStatus | null {
    return this.#status
  }

  /** It takes no new work and ends what it has. */
  get draining(): boolean {
    return this.#draining
  }

  get running(): number {
    return this.#attempts.size
  }

  get roundTripMs(): number | null {
    return this.#link.roundTripMs
  }

  /** Why its link ended; null while it lives. */
  get endReason(): string | null {
    return this.#endReason
  }

  speaks(): ReadonlySet<Dialect> {
    return ALL_DIALECTS
  }

  send(request: UpstreamRequest, sink: ResponseSink): Attempt {
    const isClosed = this.#endReason !== null
    if (isClosed || this.#draining || this.#isSuspect() || this.#isFull()) return refuse(sink, isClosed)
    const attempt = new AgentAttempt(request, sink, {
      startTimer: this.#deps.startTimer,
      over: () => void this.#attempts.remove(attempt),
    })
    this.#attempts.add(attempt)
    attempt.start(this.#link.stream(this.#nextStream, attempt))
    this.#nextStream += 2
    // A link is good for a thousand million requests; then the agent is to connect anew.
    if (this.#nextStream > LAST_STREAM) this.close(closeCodes.RESTART, 'its stream ids are used up')
    return attempt
  }

  /** Asks it to connect elsewhere, or here again, and to end what it has on this link. */
  goAway({ reconnectInMs, tryForMs }: { readonly reconnectInMs: number; readonly tryForMs: number }): void {
    const lastStream = Math.max(0, this.#nextStream - 2)
    const code = closeCodes.RESTART
    this.#link.send({ type: 'goaway', lastStream, code, reconnectInMs, tryForMs, reason: 'the gateway stops' })
    this.#drain()
  }

  close(code: number, reason: string): void {
    this.#link.close(code, reason)
  }

  /** A frame of its link. */
  heard(frame: LinkFrame): void {
    if (frame.type === 'goaway') return this.#drain()
    if (frame.type !== 'status') return
    if (this.#status !== null && frame.status.version <= this.#status.version) return
    this.#status = frame.status
    if (frame.status.draining) this.#drain()
    this.#deps.changed()
  }

  /** Its link is gone, or nobody listens to it any more. */
  closed(reason: string): void {
    this.#endReason ??= reason
    const cause = new Error(`The agent's link ended: ${reason}`)
    for (const attempt of this.#attempts.members()) attempt.linkLost(cause)
  }

  #drain(): void {
    if (this.#draining) return
    this.#draining = true
    this.#deps.changed()
  }

  #isSuspect(): boolean {
    return this.#link.silentMs() > this.#deps.suspectAfterMs()
  }

  #isFull(): boolean {
    return this.#attempts.size >= this.#hello.maxStreams || this.#nextStream > LAST_STREAM
  }
}

/** `fault` is what the fleet says of it. */
const AWAY: UpstreamError = { kind: 'unreachable', executed: 'no', cause: { fault: 'the agent is not connected' } }

/** Nothing on a sink is called before `send` has returned. */
function refuse(sink: ResponseSink, isClosed: boolean): Attempt {
  let aborted = false
  queueMicrotask(() => {
    if (!aborted) sink.fail(isClosed ? AWAY : { kind: 'refused', executed: 'no' })
    sink.released()
  })
  return { abort: () => void (aborted = true), resume: () => {} }
}
