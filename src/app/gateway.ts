import { randomUUID } from 'node:crypto'
import type { LoadedConfig, Settings } from '../config/settings.ts'
import { createListener, type Listener } from '../http/listener.ts'
import { rawAnswer } from '../http/raw-answer.ts'
import { securityHeaders } from '../http/security-headers.ts'
import { renderError } from '../dialects/error-body.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { systemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createBodyBudget } from '../proxy/body-budget.ts'
import type { ClientRequest } from '../proxy/client-port.ts'
import { toUpstreamHeaders } from '../proxy/end-to-end-headers.ts'
import type { DuplexPort } from '../proxy/upstream.ts'
import type { UpstreamState } from '../routing/upstream-state.ts'
import { openStore } from '../store/open-store.ts'
import { loadPepper } from '../store/pepper.ts'
import type { RequestLog } from '../telemetry/request-log.ts'
import { createFirstKey } from './first-key.ts'
import { createFleetMembers } from './fleet-members.ts'
import { createGeneration, type Generation, type GenerationDeps } from './generation.ts'
import { watchKeys } from './key-watch.ts'

export interface GatewayDeps {
  readonly log: Log
  /** Null: exchanges are not logged. */
  readonly requestLog: RequestLog | null
}

export interface RunningGateway {
  readonly urls: readonly string[]
  /** The secret of the first key, where this start made one; to be shown once. */
  readonly firstKey: string | null
  /** What is known of the upstreams now. */
  upstreams(): readonly UpstreamState[]
  /** Takes over a config that was checked. Returns the keys that only a restart changes. */
  reload(config: LoadedConfig): readonly string[]
  /** Stops accepting, lets exchanges end within `drain`, ends the rest in-band. */
  stop(): Promise<void>
}

/** How long a stopped gateway waits for its last bytes to leave. */
const FLUSH_MS = 2000

/** Builds the parts in boot order, listener last; a part that fails stops the start. */
export async function startGateway(config: LoadedConfig, deps: GatewayDeps): Promise<RunningGateway> {
  const { log } = deps
  const { settings } = config
  const store = await openStore(settings.store.url)
  const pepper = await loadPepper({
    storeUrl: settings.store.url,
    store,
    onWarning: (sentence) => log.warn({}, sentence),
  })
  const generations = new Set<Generation>()
  let draining = false
  const ended = (keyIds: readonly string[]): void => {
    for (const generation of generations) for (const keyId of keyIds) generation.proxy.running.endKey(keyId)
  }
  const keys = await watchKeys({ store, pepper, clock: systemClock, log, ended }, settings.auth)

  const shared: SharedDeps = {
    directory: keys.directory,
    budget: createBodyBudget(settings.http.bodiesTotalBytes),
    admin: { store, pepper, clock: systemClock, changed: keys.changed },
    instanceId: randomUUID(),
    startedAt: Date.now(),
    clock: systemClock,
    log,
    isDraining: () => draining,
    record: (record) => deps.requestLog?.write(record),
  }
  let current = nextGeneration(settings, null, shared)
  generations.add(current)
  await Promise.race([current.routing.firstRound(), new Promise((resolve) => setTimeout(resolve, 300))])
  const listener = createListener(settings.http, {
    request: (client) => current.door.request(client),
    upgrade: (request, socket) => upgrade(current, request, socket),
  })
  const urls = await Promise.all(settings.http.listen.map((address) => listener.listen(address)))
  // Last: a start that fails shall not leave a key that nobody was shown.
  const isFirst = settings.auth.mode === 'keys' && !(await keys.hasKeys())
  const firstKey = isFirst ? await createFirstKey({ store, pepper, clock: systemClock }) : null
  if (firstKey !== null) await keys.changed()

  return {
    urls,
    firstKey,
    upstreams: () => current.routing.fleet.all(),
    reload(next) {
      const before = current
      current = nextGeneration(next.settings, before, shared)
      generations.add(current)
      before.routing.stop()
      void before.proxy.running.idle().then(() => {
        generations.delete(before)
        before.stop()
        before.members.retire(current.members)
      })
      return restartOnly(before.settings, next.settings)
    },
    async stop() {
      draining = true
      await drain(listener, [...generations], current.settings.http.drainMs)
      for (const generation of generations) {
        generation.stop()
        generation.members.retire(null)
      }
      keys.stop()
      await deps.requestLog?.close()
      await store.close()
    },
  }
}

type SharedDeps = Omit<GenerationDeps, 'known'>

function nextGeneration(settings: Settings, before: Generation | null, deps: SharedDeps): Generation {
  const options = { connectTimeoutMs: settings.routing.connectTimeoutMs, instanceId: deps.instanceId }
  const previous = before === null ? null : { members: before.members, settings: before.settings.upstreams }
  return createGeneration(settings, createFleetMembers(settings.upstreams, options, previous), {
    ...deps,
    known: before?.routing.fleet.all() ?? [],
  })
}

async function drain(listener: Listener, generations: readonly Generation[], drainMs: number): Promise<void> {
  const closed = listener.stopAccepting()
  listener.closeIdle()
  await withinMs(drainMs, Promise.all(generations.map((generation) => generation.proxy.running.idle())))
  for (const generation of generations) generation.proxy.running.endAll()
  listener.closeIdle()
  await withinMs(FLUSH_MS, closed)
  listener.destroyAll()
}

async function withinMs(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, limitMs)))])
  clearTimeout(timer)
}

/** Parts that were built before the config could change under them. */
function restartOnly(before: Settings, after: Settings): string[] {
  const parts: [string, unknown, unknown][] = [
    ['listen', before.http.listen, after.http.listen],
    ['tls', before.http.tls, after.http.tls],
    ['trusted_proxies', before.http.trustedProxies, after.http.trustedProxies],
    ['limits.bodies_total', before.http.bodiesTotalBytes, after.http.bodiesTotalBytes],
    ['auth', { ...before.auth, mode: '', pathKeys: '' }, { ...after.auth, mode: '', pathKeys: '' }],
    ['store', before.store, after.store],
    ['log', before.log, after.log],
  ]
  return parts.filter(([, a, b]) => JSON.stringify(a) !== JSON.stringify(b)).map(([name]) => name)
}

/** A websocket on a listed route goes to an upstream as nginx would send it; the refusal is the upstream's own. */
function upgrade(generation: Generation, request: ClientRequest, socket: DuplexPort): void {
  const refuse = (error: GatewayError): void => {
    socket.write(rawAnswer(renderError(error, 'ollama'), securityHeaders(false)))
    socket.end()
  }
  const admitted = generation.door.admitUpgrade(request)
  if (admitted instanceof GatewayError) return refuse(admitted)
  const { route, principal, target } = admitted
  generation.routing.router.request(
    { model: null, route, principal, tried: new Set() },
    {
      refused: refuse,
      granted(claim) {
        const upstream = generation.members.find(claim.upstream.id)
        socket.onClose(() => {
          claim.report('answered')
          claim.release()
        })
        const headers = [...toUpstreamHeaders(request.headers), ...handshakeHeaders(request)]
        if (upstream === undefined) refuse(new GatewayError('upgrade_refused'))
        else upstream.upgrade({ method: request.method, target, headers, body: null }, socket)
      },
    },
  )
}

function handshakeHeaders({ headers }: ClientRequest): string[] {
  const kept = ['Connection', 'Upgrade', 'Upgrade', 'websocket']
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase().startsWith('sec-websocket-') === true)
      kept.push(headers[i] ?? '', headers[i + 1] ?? '')
  }
  return kept
}
