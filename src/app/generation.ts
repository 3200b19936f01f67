import { type AdminApi, createAdminApi } from '../admin/admin-api.ts'
import type { AdminDeps } from '../admin/admin-route.ts'
import type { GatewayStatus } from '../admin/schemas.ts'
import { type WholeStatus, wholeStatus } from '../admin/status.ts'
import type { KeyDirectory } from '../auth/key-directory.ts'
import { judgeModels, visibleModel } from '../auth/policy.ts'
import type { Principal } from '../auth/principal.ts'
import type { Settings } from '../config/settings.ts'
import { dialects } from '../dialects/dialects.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { AgentDoor } from '../http/agent-visit.ts'
import { createBodyDecoder } from '../http/body-decoder.ts'
import type { ConsoleFiles } from '../http/console-files.ts'
import { createCors } from '../http/cors.ts'
import { createFrontDoor, type FrontDoor } from '../http/front-door.ts'
import { createHostGuard } from '../http/host-guard.ts'
import { createOriginGuard } from '../http/origin-guard.ts'
import { createOwnAnswers } from '../http/own-answers.ts'
import { createRespond } from '../http/respond.ts'
import { createRouteTable } from '../http/route-match.ts'
import { createOpenStream } from '../http/stream-answer.ts'
import { routes } from '../http/route-table.ts'
import { securityHeaders } from '../http/security-headers.ts'
import { createVisitEnds } from '../http/visit.ts'
import { decodeZstdBody } from '../http/zstd-body.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { LimitBook } from '../limits/limit-book.ts'
import { parseModelName } from '../lib/model-name.ts'
import type { BodyBudget } from '../proxy/body-budget.ts'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'
import { createPolicyEdits } from '../proxy/model-policy.ts'
import { createProxy, type Proxy } from '../proxy/proxy.ts'
import type { ReadRules } from '../proxy/read-request.ts'
import type { Route } from '../proxy/route.ts'
import { createRetryBudget } from '../proxy/retry-budget.ts'
import type { RoutingCore } from '../routing/routing-core.ts'
import { createRouting, type Routing } from '../routing/routing.ts'
import { startSystemTimer } from '../routing/timer.ts'
import type { AgentRegistry } from '../tunnel/server/registry.ts'
import { agentMembers } from './agent-members.ts'
import type { GatewayCache } from './cache.ts'
import type { ConsoleDoor } from './console-door.ts'
import { createEntrance } from './entrance.ts'
import type { FleetDesk } from './fleet-desk.ts'
import type { FleetMembers } from './fleet-members.ts'
import { fleetModels } from './fleet-models.ts'
import { gatewayStatus } from './gateway-status.ts'
import { createGenerationLimits, type GenerationLimits } from './limits.ts'
import type { Telemetry } from './telemetry.ts'

/** Everything that one config makes of a request. A reload makes the next one; running exchanges end in theirs. */
export interface Generation {
  readonly settings: Settings
  readonly members: FleetMembers
  readonly routing: Routing
  readonly proxy: Proxy
  readonly door: FrontDoor
  /** What GET /admin/status answers. */
  status(): Promise<WholeStatus>
  isLive(principal: Principal): boolean
  stop(): void
}

/** What outlives a reload. */
export interface GenerationDeps {
  readonly core: RoutingCore
  readonly directory: KeyDirectory
  readonly budget: BodyBudget
  /** Who has used how much. */
  readonly book: LimitBook
  readonly cache: Pick<GatewayCache, 'before'>
  readonly admin: Omit<AdminDeps, 'status' | 'explain' | 'mayUseModel' | 'pools' | 'models' | 'usage' | 'limitUses'>
  /** What admins have made of the fleet. */
  readonly desk: FleetDesk
  /** Who is logged in. */
  readonly consoleDoor: ConsoleDoor
  readonly agents: AgentRegistry
  readonly agentDoor: AgentDoor
  readonly consoleFiles: ConsoleFiles
  readonly instanceId: string
  readonly startedAt: number
  readonly storeProblem: () => string | null
  readonly telemetry: Pick<Telemetry, 'metrics' | 'traces' | 'bodies'>
  readonly ledger: Pick<Ledger, 'refusal' | 'usage' | 'status'>
  readonly clock: Clock
  readonly log: Log
  /** What a key that may not use a route is told. */
  denied(principal: Principal, route: Route): GatewayError
  isDraining(): boolean
  /** `cost` by the prices of the config that the exchange ran in. */
  record(record: ExchangeRecord, cost: number): void
}

export function createGeneration(settings: Settings, members: FleetMembers, deps: GenerationDeps): Generation {
  const { log } = deps
  const routing = openRouting(settings, members, deps)
  const entrance = createEntrance(settings.auth, { ...deps, store: deps.admin.store })
  const judge = createJudge(routing)
  const ownHeaders = securityHeaders(settings.http.tls !== null)
  const [respond, openStream] = [createRespond(ownHeaders), createOpenStream(ownHeaders)]
  const limits = createGenerationLimits(settings, deps)
  const proxy = createProxy({
    dialects,
    router: deps.cache.before(routing.router, settings.cache),
    caches: settings.cache.mode !== 'off',
    retries: createRetryBudget(settings.routing.retryBudget),
    limits: settings.routing,
    rules: readRules(settings, routing, judge),
    policies: settings.models.policies,
    bodies: deps.telemetry.bodies?.watching(settings) ?? null,
    limited: limits.port,
    budget: deps.budget,
    maxBodyBytes: settings.http.bodyBytes,
    isLive: entrance.isLive,
    respond,
    wrote: (upstream) => void routing.modelsChanged(upstream),
    record: (record) => deps.record(record, limits.charge(record)),
    log,
  })
  const status = (): GatewayStatus => gatewayStatus(routing, deps)
  const admin = openAdmin(settings, routing, { ...deps, judge, status, limits })
  const door = createFrontDoor({
    table: createRouteTable([...routes, ...[...admin.routes, ...admin.streams].map(asRoute)]),
    cors: createCors(settings.http.corsOrigins),
    identify: entrance.identify,
    proxy,
    own: new Map([...ownAnswers({ settings, routing, admin, judge, status }, deps), ...entrance.answers]),
    agents: deps.agentDoor,
    isLive: entrance.isLive,
    unbooked: () => deps.ledger.refusal(),
    ends: createVisitEnds({ respond, openStream, record: (record) => deps.record(record, 0) }),
    decodeBody: createBodyDecoder((body) => decodeZstdBody(body, settings.http.bodyBytes)),
    servesHost: createHostGuard(settings),
    servesOrigin: createOriginGuard(settings),
    isAlias: (name) => aliasTarget(routing, name) !== undefined,
    beginTrace: deps.telemetry.traces.begin,
    followsTraces: deps.telemetry.traces.follows,
    instanceId: deps.instanceId,
    log,
  })
  routing.start()
  const stop = (): void => {
    routing.stop()
    proxy.stop()
  }
  return {
    ...{ settings, members, routing, proxy, door, stop },
    status: () => wholeStatus({ status, limitUses: limits.uses }),
    isLive: entrance.isLive,
  }
}

function openRouting(
  settings: Settings,
  { members }: FleetMembers,
  { core, agents, clock, log, desk }: GenerationDeps,
): Routing {
  return createRouting(
    { core, clock, log, startTimer: startSystemTimer, random: Math.random },
    {
      members: [...members, ...agentMembers(agents)].map(desk.held),
      routing: settings.routing,
      queue: settings.queue,
      models: settings.models,
      agentWaitMs: settings.agents.waitMs,
      pools: settings.agents.pools.map((pool) => pool.name),
    },
  )
}

type AdminParts = Pick<GenerationDeps, 'admin' | 'ledger'> & {
  readonly status: () => GatewayStatus
  readonly judge: Judge
  readonly limits: GenerationLimits
}

function openAdmin(
  settings: Settings,
  routing: Routing,
  { admin, judge, ledger, limits, status }: AdminParts,
): AdminApi {
  return createAdminApi({
    ...admin,
    status,
    explain: routing.explain,
    pools: () => settings.agents.pools.map((pool) => pool.name),
    models: () => fleetModels(routing.fleet, settings),
    mayUseModel: (principal, model) => judge(principal, { names: [model], webSearch: false }),
    usage: (query) => ledger.usage(query),
    limitUses: limits.uses,
  })
}

interface OwnParts {
  readonly settings: Settings
  readonly routing: Routing
  readonly admin: AdminApi
  readonly judge: Judge
  readonly status: () => GatewayStatus
}

function ownAnswers(
  { settings, routing, admin, judge, status }: OwnParts,
  deps: GenerationDeps,
): ReturnType<typeof createOwnAnswers> {
  return createOwnAnswers({
    lists: routing.lists,
    admin,
    status,
    consoleFiles: deps.consoleFiles,
    metrics: deps.telemetry.metrics.scrape,
    isReady: () => !deps.isDraining() && isReady(routing, settings),
    visible: visibleModel,
    judge: (principal, names) => judge(principal, { names, webSearch: false }),
  })
}

type Judge = ReadRules['judge']

function createJudge(routing: Routing): Judge {
  const { fleet, names } = routing
  const remoteHosts = (canonical: string): boolean => fleet.isRemote(canonical)
  const isForeign = (canonical: string): boolean =>
    fleet.knows(canonical) || names.assignments.has(canonical) || names.resolveAlias(canonical) !== undefined
  return (principal: Principal, use) => {
    const judgement = judgeModels(principal, { ...use, remoteHosts, isForeign })
    return judgement.kind === 'allowed' ? undefined : judgement.error
  }
}

function readRules(settings: Settings, routing: Routing, judge: Judge): ReadRules {
  const { fleet, names } = routing
  return {
    judge,
    edits: createPolicyEdits(settings.models.policies),
    defaultModel: settings.models.default,
    fallbacks: (canonical, caller) =>
      routing.fallbacksOf(names.resolveAlias(canonical)?.canonical ?? canonical, caller),
    standIn(canonical, caller) {
      const alias = names.resolveAlias(canonical)
      return routing.fallbackFor(alias?.canonical ?? canonical, caller) ?? alias?.name
    },
    lookFor(canonical) {
      const sought = names.resolveAlias(canonical)?.canonical ?? canonical
      return fleet.knows(sought) ? undefined : routing.learnModel(sought)
    },
  }
}

function aliasTarget(routing: Routing, name: string): unknown {
  const parsed = parseModelName(name)
  return parsed.kind === 'invalid' ? undefined : routing.names.resolveAlias(parsed.canonical)
}

/** A gateway that was given no upstream on purpose is as ready as it will be. */
function isReady(routing: Routing, settings: Settings): boolean {
  return (
    settings.upstreams.length === 0 ||
    routing.fleet.all().some((state) => state.enabled && !state.draining && state.health === 'up')
  )
}

function asRoute(route: { method: string; pattern: string; scope: Route['scope'] }): Route {
  const { method, pattern, scope } = route
  const body = method === 'POST' ? 'json' : 'none'
  return {
    method,
    pattern,
    scope,
    dialect: 'ollama',
    kind: 'own',
    body,
    stream: 'whole',
    streamsByDefault: false,
    retry: false,
  }
}
