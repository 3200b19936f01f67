import type { Dialect } from '../../dialects/dialect.ts'
import type { Attempt, ResponseSink, Upstream, UpstreamRequest } from '../../proxy/upstream.ts'
import { closeCodes } from '../wire/codes.ts'
import type { LinkFrame } from '../wire/frame.ts'
import type { AgentStatus, Hello } from '../wire/greeting.ts'
import type { Link } from '../wire/link.ts'
import type { TransportKind } from '../wire/transport.ts'
import { AgentAttempt } from './agent-attempt.ts'

/** An agent that was let in, for as long as its link lives. To the proxy it is an upstream like any other. */
export interface AgentSession extends Upstream {
  readonly facts: AgentFacts
  /** Null until the agent has told. */
  readonly status: AgentStatus | null
  /** It takes no new work and ends what it has. */
  readonly draining: boolean
  readonly running: number
  readonly roundTripMs: number | null
  /** Asks it to connect elsewhere, or here again, and to end what it has on this link. */
  goAway(times: { readonly reconnectInMs: number; readonly tryForMs: number }): void
  close(code: number, reason: string): void
}

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

/** What the link's events do to a session. */
export interface SessionEvents {
  frame(frame: LinkFrame): void
  closed(reason: string): void
}

const ALL_DIALECTS: ReadonlySet<Dialect> = new Set<Dialect>(['ollama', 'openai', 'responses', 'anthropic'])
const LAST_STREAM = 0x7fff_ffff

export function createAgentSession(
  link: Link,
  { facts, hello }: { readonly facts: AgentFacts; readonly hello: Hello },
  deps: SessionDeps,
): AgentSession & SessionEvents {
  const attempts = new Set<AgentAttempt>()
  let nextStream = 1
  let status: AgentStatus | null = null
  let draining = false
  let isClosed = false

  const drain = (): void => {
    if (draining) return
    draining = true
    deps.changed()
  }
  const isFull = (): boolean => attempts.size >= hello.maxStreams || nextStream > LAST_STREAM
  const send = (request: UpstreamRequest, sink: ResponseSink): Attempt => {
    const isSuspect = link.silentMs() > deps.suspectAfterMs()
    if (isClosed || draining || isSuspect || isFull()) return refuse(sink, isClosed)
    const attempt = new AgentAttempt(request, sink, {
      startTimer: deps.startTimer,
      over: () => void attempts.delete(attempt),
    })
    attempts.add(attempt)
    attempt.start(link.stream(nextStream, attempt))
    nextStream += 2
    // A link is good for a thousand million requests; then the agent is to connect anew.
    if (nextStream > LAST_STREAM) link.close(closeCodes.RESTART, 'its stream ids are used up')
    return attempt
  }

  return {
    id: facts.id,
    facts,
    speaks: () => ALL_DIALECTS,
    send,
    get status() {
      return status
    },
    get draining() {
      return draining
    },
    get running() {
      return attempts.size
    },
    get roundTripMs() {
      return link.roundTripMs
    },
    goAway({ reconnectInMs, tryForMs }) {
      const lastStream = Math.max(0, nextStream - 2)
      const code = closeCodes.RESTART
      link.send({ type: 'goaway', lastStream, code, reconnectInMs, tryForMs, reason: 'the gateway stops' })
      drain()
    },
    close: (code, reason) => link.close(code, reason),
    frame(frame) {
      if (frame.type === 'goaway') return drain()
      if (frame.type !== 'status' || (status !== null && frame.status.version <= status.version)) return
      status = frame.status
      if (status.draining) drain()
      deps.changed()
    },
    closed(reason) {
      isClosed = true
      const cause = new Error(`The agent's link ended: ${reason}`)
      for (const attempt of [...attempts]) attempt.linkLost(cause)
    },
  }
}

/** Nothing on a sink is called before `send` has returned. */
function refuse(sink: ResponseSink, isClosed: boolean): Attempt {
  let aborted = false
  queueMicrotask(() => {
    if (!aborted) sink.fail({ kind: isClosed ? 'unreachable' : 'refused', executed: 'no' })
    sink.released()
  })
  return { abort: () => void (aborted = true), resume: () => {} }
}
