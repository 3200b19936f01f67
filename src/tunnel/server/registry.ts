import type { Principal } from '../../auth/principal.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { AgentSettings, PoolSettings } from '../settings.ts'
import { closeCodes } from '../wire/codes.ts'
import { defaultWindows, type Hello, type HelloAck, PROTOCOL_VERSION } from '../wire/greeting.ts'
import { createLink, type Link } from '../wire/link.ts'
import type { Transport } from '../wire/transport.ts'
import { type Admission, judgeHello } from './admission.ts'
import { type AgentFacts, type AgentSession, createAgentSession, type SessionEvents } from './session.ts'

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

/** Which agents there are. An agent that left stays known for a while: its models are away, not unknown. */
export interface AgentRegistry {
  /** Takes over a connection whose key was let in; what the agent says next decides whether it stays. */
  attach(transport: AgentTransport, principal: Principal, peer: { readonly address: string }): void
  /** Present, and not long gone. */
  agents(): readonly AgentSession[]
  isConnected(session: AgentSession): boolean
  pool(name: string): PoolSettings | undefined
  onChange(listener: (change: AgentChange) => void): void
  /** Takes over reloaded settings; agents of pools that are gone are closed. */
  configure(settings: AgentSettings): void
  endKey(keyId: string): void
  /** The gateway stops: agents shall look for another, and end what they have. */
  goAway(): void
  closeAll(): void
}

/** The SSE transport knows its session's id before the greeting. */
export type AgentTransport = Transport & { readonly id?: string }

export interface AgentChange {
  readonly kind: 'joined' | 'left' | 'changed'
  readonly session: AgentSession
}

/** The link itself gives up after four. */
const SUSPECT_HEARTBEATS = 3
const HELLO_MS = 5_000
/** Two processes that take an id from each other within this are both alive. */
const ALTERNATION_MS = 60_000
/** How long the models of an agent that left are away rather than unknown. */
const REMEMBER_MS = 600_000
const GO_AWAY_SPREAD_MS = 5_000
const MAX_GREETING = 200
/** What a timer can wait at most is 24.8 days. */
const MAX_TIMER_MS = 86_400_000

/** A connection whose agent has not been let in yet. */
interface Arrival {
  readonly link: Link
  readonly transport: AgentTransport
  readonly principal: Principal
  readonly address: string
}

interface Known {
  readonly session: AgentSession & SessionEvents
  /** Null while it is connected. */
  leftAt: number | null
}

export function createAgentRegistry(deps: RegistryDeps, first: AgentSettings): AgentRegistry {
  const { clock, log } = deps
  let settings = first
  const known = new Map<string, Known>()
  /** The process that was replaced last, by agent id. */
  const replaced = new Map<string, { readonly instance: string; readonly host: string; readonly at: number }>()
  const greeting = new Set<Link>()
  const listeners: ((change: AgentChange) => void)[] = []
  let isStopping = false

  const tell = (kind: AgentChange['kind'], session: AgentSession): void => {
    for (const listener of listeners) listener({ kind, session })
  }
  const pool = (name: string): PoolSettings | undefined => settings.pools.find((each) => each.name === name)

  const admit = (hello: Hello, principal: Principal): Admission => {
    const now = clock.now()
    const present = known.get(hello.agentId)
    const holder = present?.leftAt === null ? present.session.facts : undefined
    const before = replaced.get(hello.agentId)
    const alternating = before !== undefined && now - before.at < ALTERNATION_MS && before.instance === hello.instance
    const poolName = hello.pool ?? (principal.pools?.length === 1 ? (principal.pools[0] ?? null) : null)
    return judgeHello(hello, {
      isStopping,
      poolName,
      allowedPools: principal.pools ?? [],
      isPool: poolName !== null && pool(poolName) !== undefined,
      isTaken: deps.isTaken(hello.agentId),
      holder: holder === undefined ? null : { host: holder.host, sameKey: holder.keyId === principal.keyId },
      alternating: alternating && holder !== undefined && holder.instance !== hello.instance,
    })
  }
  const join = (link: Link, hello: Hello, facts: AgentFacts): AgentSession & SessionEvents => {
    const old = known.get(facts.id)
    if (old !== undefined && old.leftAt === null) {
      const { instance, host } = old.session.facts
      if (instance !== facts.instance) replaced.set(facts.id, { instance, host, at: clock.now() })
      leave(old.session, 'a newer connection took its id')
      old.session.close(closeCodes.REPLACED, `Another connection took the id, from host ${facts.host}`)
    }
    const session = createAgentSession(
      link,
      { facts, hello },
      {
        startTimer: deps.startTimer,
        changed: () => tell('changed', session),
        suspectAfterMs: () => SUSPECT_HEARTBEATS * settings.heartbeatMs,
      },
    )
    known.set(facts.id, { session, leftAt: null })
    log.info({ agent: facts.id, pool: facts.pool, host: facts.host, transport: facts.transport }, 'agent connected')
    tell('joined', session)
    return session
  }
  const endInTime = (session: AgentSession, { expiresAt }: Principal): void => {
    if (expiresAt == null) return
    const end = (): void => {
      const leftMs = expiresAt - clock.now()
      if (leftMs <= 0) session.close(closeCodes.AUTH, 'Its key has expired')
      else deps.startTimer(Math.min(leftMs, MAX_TIMER_MS), end)
    }
    end()
  }
  const leave = (session: AgentSession & SessionEvents, reason: string): void => {
    const entry = known.get(session.id)
    if (entry?.session !== session || entry.leftAt !== null) return session.closed(reason)
    entry.leftAt = clock.now()
    log.info({ agent: session.id, reason }, 'agent left')
    session.closed(reason)
    tell('left', session)
    deps.startTimer(REMEMBER_MS, () => {
      if (known.get(session.id) === entry) {
        known.delete(session.id)
        tell('changed', session)
      }
    })
  }

  const welcome = (
    { link, transport, principal, address }: Arrival,
    hello: Hello,
  ): (AgentSession & SessionEvents) | undefined => {
    const admission = admit(hello, principal)
    if (admission.kind === 'refused') {
      log.warn({ agent: hello.agentId, host: hello.host, address }, `agent refused: ${admission.reason}`)
      link.close(admission.code, admission.reason)
      return undefined
    }
    link.grant(hello.windows)
    link.send({ type: 'hello-ack', ack: acknowledge(transport, admission.pool) })
    // One that takes no request only wanted to know whether it would be let in.
    if (hello.maxStreams === 0) return undefined
    const at = { address, pool: admission.pool, transport: transport.kind, connectedAt: clock.now() }
    const session = join(link, hello, factsOf(hello, principal, at))
    endInTime(session, principal)
    return session
  }
  const acknowledge = (transport: AgentTransport, poolName: string): HelloAck => ({
    version: PROTOCOL_VERSION,
    sessionId: transport.id ?? deps.randomId(),
    serverInstance: deps.serverInstance,
    software: deps.software,
    pool: poolName,
    models: pool(poolName)?.models ?? [],
    heartbeatMs: settings.heartbeatMs,
    windows: defaultWindows,
  })

  return {
    attach(transport, principal, { address }) {
      if (greeting.size >= MAX_GREETING) return transport.close(closeCodes.TRY_LATER, 'Too many agents connect at once')
      let session: (AgentSession & SessionEvents) | undefined
      const cancelTimer = deps.startTimer(HELLO_MS, () => link.close(closeCodes.TIMEOUT, 'No greeting came in time'))
      const options = { role: 'gateway', windows: defaultWindows, heartbeatMs: settings.heartbeatMs } as const
      const link = createLink(transport, options, {
        clock,
        startTimer: deps.startTimer,
        defer: deps.defer,
        failed: (error) => log.error({ err: error }, 'The link of an agent failed inside the gateway'),
        opened: () => link.close(closeCodes.PROTOCOL, 'Agents open no streams'),
        frame(frame) {
          if (session !== undefined) return session.frame(frame)
          if (frame.type !== 'hello') return link.close(closeCodes.PROTOCOL, 'The first frame must be the greeting')
          greeting.delete(link)
          cancelTimer()
          session = welcome({ link, transport, principal, address }, frame.hello)
        },
        closed(_code, reason) {
          greeting.delete(link)
          cancelTimer()
          if (session !== undefined) leave(session, reason)
        },
      })
      greeting.add(link)
    },
    agents: () => [...known.values()].map((entry) => entry.session),
    isConnected: (session) => {
      const entry = known.get(session.id)
      return entry?.session === session && entry.leftAt === null
    },
    pool,
    onChange: (listener) => void listeners.push(listener),
    configure(next) {
      settings = next
      for (const { session, leftAt } of [...known.values()]) {
        if (leftAt !== null) continue
        if (pool(session.facts.pool) === undefined) session.close(closeCodes.SCOPE, 'Its pool is no longer configured')
        else tell('changed', session)
      }
    },
    endKey(keyId) {
      for (const { session, leftAt } of [...known.values()]) {
        if (leftAt === null && session.facts.keyId === keyId)
          session.close(closeCodes.AUTH, 'Its key is not valid any more')
      }
    },
    goAway() {
      isStopping = true
      for (const { session, leftAt } of known.values()) {
        if (leftAt !== null) continue
        session.goAway({ reconnectInMs: Math.round(deps.random() * GO_AWAY_SPREAD_MS), tryForMs: 60_000 })
      }
    },
    closeAll() {
      isStopping = true
      for (const link of [...greeting]) link.close(closeCodes.RESTART, 'The gateway stops')
      for (const { session, leftAt } of [...known.values()]) {
        if (leftAt === null) session.close(closeCodes.RESTART, 'The gateway stops')
      }
    },
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
