import type { Settings } from '../config/settings.ts'
import type { RunningExchange } from '../proxy/exchange-request.ts'
import type { UpstreamEvent } from '../routing/fleet/upstream-state.ts'
import type { AgentChange } from '../tunnel/server/roster.ts'
import { agentMembers } from './agent-members.ts'
import { createFleetMembers } from './fleet-members.ts'
import { createGeneration, type Generation, type GenerationDeps } from './generation.ts'

/** The generation that new requests enter, and those before it whose exchanges have not ended. */
export interface Generations {
  readonly current: Generation
  /** New requests go by these settings from now on. */
  replace(settings: Settings): void
  /** What is held of the upstreams is another now. */
  membersChanged(): void
  /** An agent came, left, or changed. */
  agentsChanged(change: AgentChange): void
  endKey(keyId: string): void
  /** Ends what runs for a session of the console. */
  endSession(session: string): void
  endAll(): void
  /** Every exchange that has not ended, in all of them. */
  members(): readonly RunningExchange[]
  /** How many these are. */
  running(): number
  /** Resolves when nothing runs in any of them. */
  idle(): Promise<void>
  stop(): void
}

const AGENT_LEFT: UpstreamEvent = {
  kind: 'probe-failed',
  failure: 'unreachable',
  detail: 'the agent is not connected',
}

export function createGenerations(first: Settings, deps: GenerationDeps): Generations {
  const next = (settings: Settings, before: Generation | null): Generation => {
    const { instanceId, log } = deps
    const options = { connectTimeoutMs: settings.routing.connectTimeoutMs, instanceId, log }
    const previous = before === null ? null : { members: before.members, settings: before.settings.upstreams }
    const members = createFleetMembers(settings.upstreams, options, previous)
    return createGeneration(settings, members, deps)
  }
  let current = next(first, null)
  const all = new Set([current])
  const running = (): Generation['proxy']['running'][] => [...all].map(({ proxy }) => proxy.running)
  /** Resolves when nothing runs in a generation that was replaced. */
  let olderIdle: Promise<unknown> = Promise.resolve()
  let areMembersDue = false
  const refreshMembers = (): void => {
    areMembersDue = false
    current.routing.setMembers([...current.members.members, ...agentMembers(deps.agents)].map(deps.desk.held))
  }

  return {
    get current() {
      return current
    },
    replace(settings) {
      const before = current
      current = next(settings, before)
      all.add(current)
      before.routing.stop()
      // What waited in an older generation may run at an upstream that only this one brought.
      olderIdle = Promise.all([olderIdle, before.proxy.running.idle()]).then(() => {
        all.delete(before)
        before.stop()
        before.members.retire(current.members)
      })
    },
    membersChanged: refreshMembers,
    agentsChanged({ kind, session }) {
      if (kind === 'left') deps.core.fleet.apply(session.id, AGENT_LEFT)
      if (kind === 'changed') current.routing.upstreamChanged(session.id)
      if (areMembersDue) return
      // After a restart a thousand of them come in one turn.
      areMembersDue = true
      setImmediate(refreshMembers)
    },
    endKey: (keyId) => running().forEach((each) => each.endKey(keyId)),
    endSession: (session) => running().forEach((each) => each.endSession(session)),
    endAll: () => running().forEach((each) => each.endAll()),
    members: () => running().flatMap((each) => each.members()),
    running: () => running().reduce((sum, { size }) => sum + size, 0),
    async idle() {
      await Promise.all(running().map((each) => each.idle()))
    },
    stop() {
      for (const generation of all) {
        generation.stop()
        generation.members.retire(null)
      }
      deps.core.stop()
    },
  }
}
