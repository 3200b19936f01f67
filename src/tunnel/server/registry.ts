import type { Principal } from '../../auth/principal.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { AgentSettings, PoolSettings } from '../settings.ts'
import { closeCodes } from '../wire/codes.ts'
import type { LinkFrame } from '../wire/frame.ts'
import { defaultWindows, type Hello, type HelloAck, PROTOCOL_VERSION } from '../wire/greeting.ts'
import { createLink, type Link } from '../wire/link.ts'
import type { Transport } from '../wire/transport.ts'
import { type Admission, judgeHello } from './admission.ts'
import { type AgentChange, Roster } from './roster.ts'
import { type AgentFacts, AgentSession } from './session.ts'

export interface RegistryDeps {
  readonly clock: Clock
  readonly log: Log
  startTimer(delayMs: number, run: () => void): () => void
  defer(run: () => void): void
  /** In [0, 1). */
  random(): number
  randomId(): string
  readonly serverInstance: string
  readonly software: string
  /** Whether an upstream of the config has the name. */
  isTaken(name: string): boolean
}

/** The SSE transport knows its session's id before the greeting. */
export type AgentTransport = Transport & { readonly id?: string }

/** The link itself gives up after four. */
const SUSPECT_HEARTBEATS = 3
const HELLO_MS = 5_000
const GO_AWAY_SPREAD_MS = 5_000
const MAX_GREETING = 200
/** What a timer can wait at most is 24.8 days. */
const MAX_TIMER_MS = 86_400_000

/** A connection, and whose key it came with. */
interface Arrival {
  readonly transport: AgentTransport
  readonly principal: Principal
  readonly address: string
}

/** Which agents there are, and which are let in. */
export class AgentRegistry {
  readonly #deps: RegistryDeps
  #settings: AgentSettings
  readonly #roster: Roster
  /** Links whose agent has not been let in yet. */
  readonly #greeting = new Set<Link>()
  #isStopping = false

  constructor(deps: RegistryDeps, settings: AgentSettings) {
    this.#deps = deps
    this.#settings = settings
    this.#roster = new Roster(deps)
    this.#roster.onChange((change) => this.#log(change))
  }

  /** Takes over a connection whose key was let in; what the agent says next decides whether it stays. */
  attach(transport: AgentTransport, principal: Principal, { address }: { readonly address: string }): void {
    if (this.#greeting.size >= MAX_GREETING) {
      return transport.close(closeCodes.TRY_LATER, 'Too many agents connect at once')
    }
    const { clock, log, startTimer, defer } = this.#deps
    const options = { role: 'gateway', windows: defaultWindows, heartbeatMs: this.#settings.heartbeatMs } as const
    let session: AgentSession | undefined
    const cancelTimer = startTimer(HELLO_MS, () => link.close(closeCodes.TIMEOUT, 'No greeting came in time'))
    const greeted = (): void => {
      this.#greeting.delete(link)
      cancelTimer()
    }
    const link = createLink(transport, options, {
      clock,
      startTimer,
      defer,
      failed: (error) => log.error({ err: error }, 'The link of an agent failed inside the gateway'),
      opened: () => link.close(closeCodes.PROTOCOL, 'Agents open no streams'),
      frame: (frame) => {
        if (session !== undefined) return session.heard(frame)
        greeted()
        session = this.#welcome(link, frame, { transport, principal, address })
      },
      closed: (code, reason) => {
        greeted()
        if (session === undefined) return
        this.#roster.leave(session, reason === '' ? `the connection broke off (${code})` : reason)
      },
    })
    this.#greeting.add(link)
  }

  /** Present, and not long gone: the models of one that left are away, not unknown. */
  agents(): readonly AgentSession[] {
    return this.#roster.sessions()
  }

  isConnected(session: AgentSession): boolean {
    return this.#roster.isConnected(session)
  }

  pool(name: string): PoolSettings | undefined {
    return this.#settings.pools.find((each) => each.name === name)
  }

  onChange(listener: (change: AgentChange) => void): void {
    this.#roster.onChange(listener)
  }

  /** Takes over reloaded settings; agents of pools that are gone are closed. */
  configure(settings: AgentSettings): void {
    this.#settings = settings
    for (const session of this.#roster.connected()) {
      if (this.pool(session.facts.pool) !== undefined) this.#roster.tell('changed', session)
      else session.close(closeCodes.SCOPE, 'Its pool is no longer configured')
    }
  }

  /** The gateway stops: agents shall look for another, and end what they have. */
  goAway(): void {
    this.#isStopping = true
    for (const session of this.#roster.connected()) {
      session.goAway({ reconnectInMs: Math.round(this.#deps.random() * GO_AWAY_SPREAD_MS), tryForMs: 60_000 })
    }
  }

  closeAll(): void {
    this.#isStopping = true
    for (const link of [...this.#greeting, ...this.#roster.connected()]) {
      link.close(closeCodes.RESTART, 'The gateway stops')
    }
  }

  #welcome(link: Link, frame: LinkFrame, arrival: Arrival): AgentSession | undefined {
    if (frame.type !== 'hello') {
      link.close(closeCodes.PROTOCOL, 'The first frame must be the greeting')
      return undefined
    }
    const { hello } = frame
    const { transport, principal, address } = arrival
    const admission = this.#judge(hello, principal)
    if (admission.kind === 'refused') {
      const { agentId: agent, host } = hello
      this.#deps.log.warn({ agent, host, address }, `agent refused: ${admission.reason}`)
      link.close(admission.code, admission.reason)
      return undefined
    }
    link.grant(hello.windows)
    link.send({ type: 'hello-ack', ack: this.#acknowledge(transport, admission.pool) })
    // One that takes no request only wanted to know whether it would be let in.
    if (hello.maxStreams === 0) return undefined
    const at = { address, pool: admission.pool, transport: transport.kind, connectedAt: this.#deps.clock.now() }
    const session = this.#open(link, hello, factsOf(hello, principal, at))
    this.#roster.join(session)
    this.#endInTime(session, principal)
    return session
  }

  #judge(hello: Hello, principal: Principal): Admission {
    const { agentId: id, instance } = hello
    const holder = this.#roster.holder(id)
    const poolName = hello.pool ?? (principal.pools?.length === 1 ? (principal.pools[0] ?? null) : null)
    return judgeHello(hello, {
      isStopping: this.#isStopping,
      poolName,
      allowedPools: principal.pools ?? [],
      isPool: poolName !== null && this.pool(poolName) !== undefined,
      isTaken: this.#deps.isTaken(id),
      holder: holder === undefined ? null : { host: holder.host, sameKey: holder.keyId === principal.keyId },
      alternating: this.#roster.isAlternating({ id, instance }),
    })
  }

  #acknowledge(transport: AgentTransport, pool: string): HelloAck {
    const { serverInstance, software } = this.#deps
    return {
      version: PROTOCOL_VERSION,
      sessionId: transport.id ?? this.#deps.randomId(),
      serverInstance,
      software,
      pool,
      models: this.pool(pool)?.models ?? [],
      heartbeatMs: this.#settings.heartbeatMs,
      windows: defaultWindows,
    }
  }

  #open(link: Link, hello: Hello, facts: AgentFacts): AgentSession {
    const session = new AgentSession(
      link,
      { facts, hello },
      {
        startTimer: this.#deps.startTimer,
        changed: () => this.#roster.tell('changed', session),
        suspectAfterMs: () => SUSPECT_HEARTBEATS * this.#settings.heartbeatMs,
      },
    )
    return session
  }

  #endInTime(session: AgentSession, { expiresAt }: Principal): void {
    if (expiresAt == null) return
    const { clock, startTimer } = this.#deps
    const end = (): void => {
      const leftMs = expiresAt - clock.now()
      if (leftMs <= 0) session.close(closeCodes.AUTH, 'Its key has expired')
      else startTimer(Math.min(leftMs, MAX_TIMER_MS), end)
    }
    end()
  }

  #log({ kind, session }: AgentChange): void {
    const { id: agent, pool, host, transport } = session.facts
    if (kind === 'joined') this.#deps.log.info({ agent, pool, host, transport }, 'agent connected')
    if (kind === 'left') this.#deps.log.info({ agent, reason: session.endReason }, 'agent left')
  }
}

function factsOf(
  hello: Hello,
  principal: Principal,
  link: Pick<AgentFacts, 'address' | 'pool' | 'transport' | 'connectedAt'>,
): AgentFacts {
  const { agentId: id, instance, host, software } = hello
  return { id, instance, host, software, keyId: principal.keyId, user: principal.user, ...link }
}
