import { randomBytes, randomUUID } from 'node:crypto'
import { openPrincipal } from '../auth/authenticator.ts'
import type { Settings } from '../config/settings.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { version } from '../lib/version.ts'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'
import { startSystemTimer } from '../routing/timer.ts'
import { AgentRegistry } from '../tunnel/server/registry.ts'
import { type AgentDoors, createAgentDoors } from './agent-door.ts'
import { createAgentRefusals } from './agent-refusals.ts'

/** All that has to do with agents and outlives a reload. */
export interface Agents {
  readonly registry: AgentRegistry
  readonly doors: AgentDoors
  recorded(record: ExchangeRecord): void
  configure(settings: Settings): void
  endKey(keyId: string): void
}

export interface AgentsDeps {
  readonly clock: Clock
  readonly log: Log
  readonly instanceId: string
}

export function createAgents(first: Settings, { clock, log, instanceId }: AgentsDeps): Agents {
  let upstreamNames = namesOf(first)
  const registry = new AgentRegistry(
    {
      clock,
      log,
      startTimer: startSystemTimer,
      defer: setImmediate,
      random: Math.random,
      randomId: randomUUID,
      serverInstance: instanceId,
      software: `corral ${version}`,
      isTaken: (name) => upstreamNames.has(name),
    },
    first.agents,
  )
  const refusals = createAgentRefusals({ log, clock })
  const doors = createAgentDoors({
    onAgent: (transport, principal, peer) => registry.attach(transport, principal, peer),
    randomId: () => randomBytes(16).toString('base64url'),
    tls: first.http.tls !== null,
    refused: refusals.refused,
  })
  return {
    registry,
    doors,
    recorded: refusals.recorded,
    configure(settings) {
      upstreamNames = namesOf(settings)
      registry.configure(settings.agents)
      // Without keys everybody was let in; what came so must show one now.
      if (settings.auth.mode === 'keys') doors.endKey(openPrincipal.keyId)
    },
    endKey: doors.endKey,
  }
}

function namesOf(settings: Settings): ReadonlySet<string> {
  return new Set(settings.upstreams.map((upstream) => upstream.name))
}
