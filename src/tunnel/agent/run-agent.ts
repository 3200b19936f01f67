import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { type CloseCode, closeCodes } from '../wire/codes.ts'
import type { LinkFrame } from '../wire/frame.ts'
import { type AgentStatus, defaultWindows, type Hello, type HelloAck, PROTOCOL_VERSION } from '../wire/greeting.ts'
import { createLink, type Link } from '../wire/link.ts'
import type { Transport, TransportKind } from '../wire/transport.ts'
import { type LinkEnding, retryDelayMs } from './backoff.ts'
import { DialError } from './dial-error.ts'
import type { AgentService } from './serve-link.ts'

/** Opens one connection to the gateway. Rejects with a DialError. */
export type Dial = (kind: TransportKind, signal: AbortSignal) => Promise<Transport>

export interface AgentRunDeps {
  readonly dial: Dial
  readonly service: AgentService
  readonly clock: Clock
  readonly log: Log
  startTimer(delayMs: number, run: () => void): () => void
  defer(run: () => void): void
  /** In [0, 1). */
  random(): number
  /** How the Ollama beside it is now. */
  status(): Omit<AgentStatus, 'version' | 'running' | 'draining'>
  connected(ack: HelloAck, kind: TransportKind): void
}

export interface AgentRunOptions {
  readonly id: string
  /** Random, of this process. */
  readonly instance: string
  readonly host: string
  readonly pool: string | null
  readonly software: string
  readonly allow: readonly string[]
  readonly maxStreams: number
  readonly transport: TransportKind | 'auto'
}

export interface RunningAgent {
  readonly state: AgentState
  /** What it serves has changed, or how much of it runs. */
  statusChanged(): void
  /** Takes no new work, ends what runs within the limit, and closes. */
  drain(limitMs: number): Promise<void>
}

export type AgentState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected'; readonly transport: TransportKind; readonly roundTripMs: number | null }
  | { readonly kind: 'waiting'; readonly until: number; readonly reason: string }
  | { readonly kind: 'stopped' }

const GREETING_MS = 10_000
/** A link that lived so long was well: what follows its end is the first failure. */
const HEALTHY_MS = 30_000
const STATUS_EVERY_MS = 1_000
/** Less than a refused agent waits. */
const SAY_AGAIN_MS = 50_000
const MAX_SAID = 20
/** Until the greeting says otherwise. */
const HEARTBEAT_MS = 15_000

interface LiveLink {
  readonly link: Link
  readonly kind: TransportKind
  readonly openedAt: number
  greeted: boolean
  /** The gateway takes no new work on it. */
  leaving: boolean
}

/** Keeps one agent connected for as long as it runs. */
export function runAgent(options: AgentRunOptions, deps: AgentRunDeps): RunningAgent {
  const { service, log, clock } = deps
  const links = new Set<LiveLink>()
  const stopping = new AbortController()
  let state: AgentState = { kind: 'connecting' }
  let failures = 0
  let cancelRetry = (): void => {}
  let statusVersion = 0
  let cancelStatus: (() => void) | null = null
  let draining = false
  /** The transport that worked here. */
  let proven: TransportKind | null = null
  /** When each text was said last, since it was connected. */
  const said = new Map<string, number>()
  let nextKind: TransportKind = options.transport === 'sse' ? 'sse' : 'ws'

  const isServed = (): boolean => [...links].some((each) => each.greeted && !each.leaving)

  /** A text that was said a moment ago is not said again: a night without a gateway is a long one. */
  const say = (text: string, write: (text: string) => void): void => {
    const now = clock.now()
    if (now - (said.get(text) ?? -Infinity) < SAY_AGAIN_MS) return
    if (said.size >= MAX_SAID) said.clear()
    said.set(text, now)
    write(text)
  }
  const retryIn = (delayMs: number, reason: string): void => {
    if (stopping.signal.aborted || draining) return
    cancelRetry()
    state = { kind: 'waiting', until: clock.now() + delayMs, reason }
    cancelRetry = deps.startTimer(delayMs, () => void connect())
  }
  const failed = (ending: LinkEnding, reason: string): void => {
    const delayMs = retryDelayMs(failures, ending, deps.random())
    failures += 1
    say(`not connected: ${reason}`, (text) => log.warn({ retryInMs: delayMs }, text))
    retryIn(delayMs, reason)
  }
  /** `auto`: the other way is tried while none has ever worked; what worked is kept. */
  const fallBack = (): void => {
    if (options.transport === 'auto' && proven === null) nextKind = nextKind === 'ws' ? 'sse' : 'ws'
  }
  const connect = async (): Promise<void> => {
    if (stopping.signal.aborted || draining) return
    state = { kind: 'connecting' }
    const kind = nextKind
    try {
      greet(await deps.dial(kind, stopping.signal), kind)
    } catch (error) {
      if (stopping.signal.aborted) return
      const dialError = error instanceof DialError ? error : new DialError('unreachable', String(error))
      if (dialError.kind === 'unusable') fallBack()
      if (dialError.kind === 'unusable' && nextKind !== kind) {
        say(`${kind} does not work here, trying ${nextKind}: ${dialError.message}`, (text) => log.info({}, text))
        return retryIn(0, dialError.message)
      }
      failed(dialError.kind === 'refused' ? 'refused' : 'lost', dialError.message)
    }
  }

  const greet = (transport: Transport, kind: TransportKind): void => {
    const cancelTimer = deps.startTimer(GREETING_MS, () => link.close(closeCodes.TIMEOUT, 'the gateway did not greet'))
    const linkOptions = { role: 'agent', windows: defaultWindows, heartbeatMs: HEARTBEAT_MS } as const
    const link = createLink(transport, linkOptions, {
      clock,
      startTimer: deps.startTimer,
      defer: deps.defer,
      failed: (error) => log.error({ err: error }, 'The link to the gateway failed inside the agent'),
      opened: (id, frame) => service.opened(link, id, frame),
      frame(frame) {
        if (frame.type === 'hello-ack') cancelTimer()
        heard(live, frame)
      },
      closed(code, reason) {
        cancelTimer()
        service.linkClosed(link)
        ended(live, code, reason)
      },
    })
    const live: LiveLink = { link, kind, openedAt: clock.now(), greeted: false, leaving: false }
    links.add(live)
    link.send({ type: 'hello', hello: helloOf(options) })
  }

  const heard = (live: LiveLink, frame: LinkFrame): void => {
    if (frame.type === 'hello-ack') {
      live.greeted = true
      proven = live.kind
      said.clear()
      live.link.setHeartbeat(frame.ack.heartbeatMs)
      live.link.grant(frame.ack.windows)
      state = { kind: 'connected', transport: live.kind, roundTripMs: null }
      deps.connected(frame.ack, live.kind)
      sendStatus()
    } else if (frame.type === 'goaway') {
      live.leaving = true
      log.info({ reconnectInMs: frame.reconnectInMs }, `the gateway asks to connect anew: ${frame.reason}`)
      retryIn(Math.min(frame.reconnectInMs, 60_000), frame.reason)
      closeWhenIdle(live)
    }
  }
  const closeWhenIdle = (live: LiveLink): void => {
    if (!links.has(live)) return
    // Streams of other links count too: it only stays open a little longer.
    if (service.running === 0 && isServed()) return live.link.close(closeCodes.NORMAL, 'moved')
    deps.startTimer(STATUS_EVERY_MS, () => closeWhenIdle(live))
  }

  const ended = (live: LiveLink, code: number, reason: string): void => {
    links.delete(live)
    if (stopping.signal.aborted || draining) return
    if (!live.greeted && !isRefusal(code)) fallBack()
    if (isServed() || (live.leaving && state.kind === 'waiting')) return
    if (live.greeted && clock.now() - live.openedAt >= HEALTHY_MS) failures = 0
    failed(isRefusal(code) ? 'refused' : 'lost', reason === '' ? silentEnd(code) : reason)
  }

  const sendStatus = (): void => {
    statusVersion += 1
    const status = { ...deps.status(), version: statusVersion, running: service.running, draining }
    for (const { link, greeted } of links) if (greeted) link.send({ type: 'status', status })
  }

  void connect()
  return {
    get state(): AgentState {
      const live = [...links].find((each) => each.greeted && !each.leaving)
      if (live === undefined) return state
      return { kind: 'connected', transport: live.kind, roundTripMs: live.link.roundTripMs }
    },
    statusChanged() {
      cancelStatus ??= deps.startTimer(STATUS_EVERY_MS, () => {
        cancelStatus = null
        sendStatus()
      })
    },
    async drain(limitMs) {
      draining = true
      cancelRetry()
      service.drain()
      sendStatus()
      const goaway = {
        lastStream: 0,
        code: closeCodes.NORMAL,
        reconnectInMs: 0,
        tryForMs: 0,
        reason: 'the agent stops',
      }
      for (const { link } of links) link.send({ type: 'goaway', ...goaway })
      await untilIdle(service, limitMs, deps)
      stopping.abort()
      cancelStatus?.()
      for (const { link } of [...links]) link.close(closeCodes.NORMAL, 'the agent stops')
      state = { kind: 'stopped' }
    },
  }
}

function silentEnd(code: number): string {
  return code === 1006 ? 'the connection broke off' : `the connection ended (${code})`
}

function helloOf(options: AgentRunOptions): Hello {
  const { id: agentId, instance, host, pool, software, allow, maxStreams } = options
  return {
    versions: [PROTOCOL_VERSION],
    software,
    agentId,
    instance,
    host,
    pool,
    allow,
    maxStreams,
    windows: defaultWindows,
  }
}

const REFUSALS: ReadonlySet<number> = new Set<CloseCode>([
  closeCodes.AUTH,
  closeCodes.SCOPE,
  closeCodes.VERSION,
  closeCodes.REPLACED,
])

export function isRefusal(code: number): boolean {
  return REFUSALS.has(code)
}

const IDLE_LOOK_MS = 50

/** The last frames of what ran have left a moment after it ended. */
function untilIdle(
  service: AgentService,
  limitMs: number,
  { clock, startTimer }: Pick<AgentRunDeps, 'clock' | 'startTimer'>,
): Promise<void> {
  const until = clock.now() + limitMs
  return new Promise((resolve) => {
    const look = (): void => {
      if (service.running === 0 || clock.now() >= until) startTimer(IDLE_LOOK_MS, resolve)
      else startTimer(IDLE_LOOK_MS, look)
    }
    look()
  })
}
