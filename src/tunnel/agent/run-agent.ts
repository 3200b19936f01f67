import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { type CloseCode, closeCodes } from '../wire/codes.ts'
import type { LinkFrame } from '../wire/frame.ts'
import { type AgentStatus, defaultWindows, type Hello, type HelloAck, PROTOCOL_VERSION } from '../wire/greeting.ts'
import { createLink, type Link } from '../wire/link.ts'
import type { Transport, TransportKind } from '../wire/transport.ts'
import { type LinkEnding, retryDelayMs } from './backoff.ts'
import { DialError } from './dial-error.ts'
import { SayOnce } from './say-once.ts'
import type { AgentService } from './serve-link.ts'
import { TransportChoice } from './transport-choice.ts'

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
const MAX_GO_AWAY_MS = 60_000
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
  const run = new AgentRun(options, deps)
  void run.connect()
  return run
}

class AgentRun implements RunningAgent {
  readonly #options: AgentRunOptions
  readonly #deps: AgentRunDeps
  readonly #links = new Set<LiveLink>()
  readonly #stopping = new AbortController()
  readonly #sayOnce: SayOnce
  readonly #choice: TransportChoice
  #state: AgentState = { kind: 'connecting' }
  #draining = false
  #failures = 0
  #statusVersion = 0
  #cancelRetry = (): void => {}
  #cancelStatus: (() => void) | null = null

  constructor(options: AgentRunOptions, deps: AgentRunDeps) {
    this.#options = options
    this.#deps = deps
    this.#sayOnce = new SayOnce(deps.clock)
    this.#choice = new TransportChoice(options.transport)
  }

  get state(): AgentState {
    const live = [...this.#links].find(isServing)
    if (live === undefined) return this.#state
    return { kind: 'connected', transport: live.kind, roundTripMs: live.link.roundTripMs }
  }

  statusChanged(): void {
    this.#cancelStatus ??= this.#deps.startTimer(STATUS_EVERY_MS, () => {
      this.#cancelStatus = null
      this.#sendStatus()
    })
  }

  async connect(): Promise<void> {
    if (this.#isOver()) return
    this.#state = { kind: 'connecting' }
    const kind = this.#choice.next
    try {
      this.#greet(await this.#deps.dial(kind, this.#stopping.signal), kind)
    } catch (error) {
      const known = error instanceof DialError ? error : new DialError('unreachable', String(error))
      if (!this.#stopping.signal.aborted) this.#notDialled(kind, known)
    }
  }

  async drain(limitMs: number): Promise<void> {
    const { service } = this.#deps
    this.#draining = true
    this.#cancelRetry()
    service.drain()
    this.#sendStatus()
    const reason = 'the agent stops'
    const code = closeCodes.NORMAL
    for (const { link } of this.#links) {
      link.send({ type: 'goaway', lastStream: 0, code, reconnectInMs: 0, tryForMs: 0, reason })
    }
    await untilIdle(service, limitMs, this.#deps)
    this.#stopping.abort()
    this.#cancelStatus?.()
    for (const { link } of [...this.#links]) link.close(code, reason)
    this.#state = { kind: 'stopped' }
  }

  #greet(transport: Transport, kind: TransportKind): void {
    const { clock, startTimer, defer, log, service } = this.#deps
    const cancelTimer = startTimer(GREETING_MS, () => link.close(closeCodes.TIMEOUT, 'the gateway did not greet'))
    const options = { role: 'agent', windows: defaultWindows, heartbeatMs: HEARTBEAT_MS } as const
    const link = createLink(transport, options, {
      clock,
      startTimer,
      defer,
      failed: (error) => log.error({ err: error }, 'The link to the gateway failed inside the agent'),
      opened: (id, frame) => service.opened(link, id, frame),
      frame: (frame) => {
        if (frame.type === 'hello-ack') cancelTimer()
        this.#heard(live, frame)
      },
      closed: (code, reason) => {
        cancelTimer()
        service.linkClosed(link)
        this.#ended(live, code, reason)
      },
    })
    const live: LiveLink = { link, kind, openedAt: clock.now(), greeted: false, leaving: false }
    this.#links.add(live)
    link.send({ type: 'hello', hello: helloOf(this.#options) })
  }

  #heard(live: LiveLink, frame: LinkFrame): void {
    if (frame.type === 'hello-ack') return this.#greeted(live, frame.ack)
    if (frame.type !== 'goaway') return
    const { reconnectInMs, reason } = frame
    live.leaving = true
    this.#deps.log.info({ reconnectInMs }, `the gateway asks to connect anew: ${reason}`)
    this.#retryIn(Math.min(reconnectInMs, MAX_GO_AWAY_MS), reason)
    this.#closeWhenIdle(live)
  }

  #greeted(live: LiveLink, ack: HelloAck): void {
    live.greeted = true
    this.#choice.worked()
    this.#sayOnce.forget()
    live.link.setHeartbeat(ack.heartbeatMs)
    live.link.grant(ack.windows)
    this.#deps.connected(ack, live.kind)
    this.#sendStatus()
  }

  #closeWhenIdle(live: LiveLink): void {
    if (!this.#links.has(live)) return
    // Streams of other links count too: it only stays open a little longer.
    const isDone = this.#deps.service.running === 0 && this.#isServed()
    if (isDone) live.link.close(closeCodes.NORMAL, 'moved')
    else this.#deps.startTimer(STATUS_EVERY_MS, () => this.#closeWhenIdle(live))
  }

  #ended(live: LiveLink, code: number, reason: string): void {
    this.#links.delete(live)
    if (this.#isOver()) return
    if (!live.greeted && !isRefusal(code)) this.#choice.failed()
    if (this.#isServed() || (live.leaving && this.#state.kind === 'waiting')) return
    if (live.greeted && this.#deps.clock.now() - live.openedAt >= HEALTHY_MS) this.#failures = 0
    this.#failed(isRefusal(code) ? 'refused' : 'lost', reason === '' ? silentEnd(code) : reason)
  }

  #notDialled(kind: TransportKind, { kind: failure, message }: DialError): void {
    if (failure !== 'unusable') return this.#failed(failure === 'refused' ? 'refused' : 'lost', message)
    this.#choice.failed()
    const { next } = this.#choice
    if (next === kind) return this.#failed('lost', message)
    this.#sayOnce.say(`${kind} does not work here, trying ${next}: ${message}`, (text) => this.#deps.log.info({}, text))
    this.#retryIn(0, message)
  }

  #failed(ending: LinkEnding, reason: string): void {
    const { log, random } = this.#deps
    const retryInMs = retryDelayMs(this.#failures, ending, random())
    this.#failures += 1
    this.#sayOnce.say(`not connected: ${reason}`, (text) => log.warn({ retryInMs }, text))
    this.#retryIn(retryInMs, reason)
  }

  #retryIn(delayMs: number, reason: string): void {
    if (this.#isOver()) return
    const { clock, startTimer } = this.#deps
    this.#cancelRetry()
    this.#state = { kind: 'waiting', until: clock.now() + delayMs, reason }
    this.#cancelRetry = startTimer(delayMs, () => void this.connect())
  }

  #sendStatus(): void {
    this.#statusVersion += 1
    const { status, service } = this.#deps
    const told = { ...status(), version: this.#statusVersion, running: service.running, draining: this.#draining }
    for (const { link, greeted } of this.#links) if (greeted) link.send({ type: 'status', status: told })
  }

  #isServed(): boolean {
    return [...this.#links].some(isServing)
  }

  #isOver(): boolean {
    return this.#draining || this.#stopping.signal.aborted
  }
}

function isServing({ greeted, leaving }: LiveLink): boolean {
  return greeted && !leaving
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
