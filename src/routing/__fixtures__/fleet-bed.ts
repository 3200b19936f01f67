import { CHAT } from '../../proxy/__fixtures__/routes.ts'
import type { GatewayError } from '../../errors/gateway-error.ts'
import { NO_PROMPT } from '../../proxy/prompt.ts'
import type { Claim, RouteRequest, RouteTicket } from '../../proxy/router.ts'
import type { Upstream } from '../../proxy/upstream.ts'
import { createRoutingCore, type RoutingCore, type RoutingPlan } from '../routing-core.ts'
import type { UpstreamMember } from '../fleet/upstream-state.ts'
import { createManualTime, type ManualTime } from './manual-time.ts'
import { createScriptedUpstream } from './scripted-upstream.ts'

/** A fleet with its queue, without sockets and with a time that passes only when a test says so. */
export interface FleetBed {
  readonly time: ManualTime
  readonly core: RoutingCore
  /** What a generation would configure it with. */
  readonly plan: RoutingPlan
  ask(request?: Partial<RouteRequest>): Asked
  /** What an upstream's own list says. */
  list(name: string, models: readonly string[]): void
  /** Requests for models that no list had. */
  readonly learnt: string[]
  /** Of the log. */
  readonly lines: string[]
}

export interface Asked {
  readonly ticket: RouteTicket
  claim: Claim | undefined
  error: GatewayError | undefined
  /** How often it was answered. */
  calls: number
}

export const PRINCIPAL = {
  user: 'u',
  keyId: 'k',
  keyName: 'k',
  scopes: new Set<never>(),
  models: null,
  upstreams: null,
  pools: null,
}

export function testMember(id: string, more: Partial<UpstreamMember> = {}): UpstreamMember {
  return { upstream: createScriptedUpstream(id), priority: 1, enabled: true, maxResponseTimeMs: null, ...more }
}

/** `models` by upstream; all of them are up. */
export function createFleetBed(
  models: Readonly<Record<string, readonly string[]>>,
  more: Partial<RoutingPlan> & { readonly member?: Partial<UpstreamMember>; learn?(model: string): void } = {},
): FleetBed {
  const { member, learn = () => {}, ...given } = more
  const time = createManualTime()
  const lines: string[] = []
  const write = (_fields: object, message: string): void => void lines.push(message)
  const core = createRoutingCore({ ...time, log: { debug: write, info: write, warn: write, error: write }, several })
  const learnt: string[] = []
  const plan: RoutingPlan = {
    members: Object.keys(models).map((id) => testMember(id, member)),
    dispatch: { maxLength: 100, maxWaitMs: 60_000, spillAfterMs: 20_000, affinity: true },
    memory: { memory: {}, memoryPatterns: [] },
    warmth: { keepWarm: [], policies: [], firstByteTimeoutMs: 60_000, canonicalOf: (name) => name },
    assignments: new Map(),
    agentWaitMs: 0,
    pools: [],
    hurry() {},
    modelsChanged: async () => {},
    async learnModel(model) {
      learnt.push(model)
      learn(model)
    },
    ...given,
  }
  core.configure(plan)
  const list = (name: string, names: readonly string[]): void => {
    const entries = names.map(
      (canonical) => [canonical, { canonical, remote: false, digest: canonical, raw: {} }] as const,
    )
    core.fleet.apply(name, { kind: 'models-read', at: time.clock.now(), models: new Map(entries) })
  }
  for (const [name, names] of Object.entries(models)) list(name, names)
  return { time, core, plan, list, learnt, lines, ask: (request) => ask(core, time, request) }
}

function ask(core: RoutingCore, { clock }: ManualTime, request: Partial<RouteRequest> = {}): Asked {
  const asked: Omit<Asked, 'ticket'> = { claim: undefined, error: undefined, calls: 0 }
  const whole: RouteRequest = {
    model: 'm:latest',
    route: CHAT,
    principal: PRINCIPAL,
    named: null,
    tried: new Set(),
    prompt: NO_PROMPT,
    arrivedAt: clock.now(),
    ...request,
  }
  const ticket = core.router.request(whole, {
    granted: (claim) => void Object.assign(asked, { claim, calls: asked.calls + 1 }),
    refused: (error) => void Object.assign(asked, { error, calls: asked.calls + 1 }),
  })
  return Object.assign(asked, { ticket })
}

function several(upstreams: readonly Upstream[]): Upstream {
  return createScriptedUpstream(upstreams.map(({ id }) => id).join(','))
}
