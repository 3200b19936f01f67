import { randomBytes, randomUUID } from 'node:crypto'
import type { Principal } from '../../src/auth/principal.ts'
import { createAgentDoors } from '../../src/app/agent-door.ts'
import { createRouteTable } from '../../src/http/route-match.ts'
import { routes } from '../../src/http/route-table.ts'
import { createListener } from '../../src/http/listener.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Log } from '../../src/lib/log.ts'
import { headerValue } from '../../src/lib/raw-headers.ts'
import { Secret } from '../../src/lib/secret.ts'
import type { ClientPort, ClientRequest } from '../../src/proxy/client-port.ts'
import { toUpstreamHeaders } from '../../src/proxy/end-to-end-headers.ts'
import type { Upstream } from '../../src/proxy/upstream.ts'
import { startSystemTimer } from '../../src/routing/timer.ts'
import { createDial } from '../../src/tunnel/agent/dial.ts'
import { type RunningAgent, runAgent } from '../../src/tunnel/agent/run-agent.ts'
import { createAgentService } from '../../src/tunnel/agent/serve-link.ts'
import { AgentRegistry } from '../../src/tunnel/server/registry.ts'
import type { AgentSession } from '../../src/tunnel/server/session.ts'
import type { TransportKind } from '../../src/tunnel/wire/transport.ts'

export interface TunnelLink {
  /** The gateway's end. */
  readonly session: AgentSession
  close(): Promise<void>
}

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const pool = { name: 'default', priority: 1, models: ['*'], memoryBytes: null, slots: null }
const settings = { pools: [pool], waitMs: 0, heartbeatMs: 15_000 }
/** Whoever comes is let in: keys are tested elsewhere. */
const principal: Principal = {
  keyId: 'key',
  keyName: 'key',
  user: 'contract',
  scopes: new Set(['agent']),
  models: null,
  upstreams: null,
  pools: ['default'],
  expiresAt: null,
}
const timing = { clock: systemClock, startTimer: startSystemTimer, defer: setImmediate, random: Math.random }

/** The tunnel's two ends in this process, joined by real connections over loopback, before one upstream. */
export async function openTunnelLink(transport: TransportKind, upstream: Upstream): Promise<TunnelLink> {
  const registry = new AgentRegistry(
    {
      ...timing,
      log: silent,
      randomId: randomUUID,
      serverInstance: randomUUID(),
      software: 'contract',
      isTaken: () => false,
    },
    settings,
  )
  const joined = new Promise<AgentSession>((resolve) => {
    registry.onChange(({ kind, session }) => void (kind === 'joined' && resolve(session)))
  })
  const door = await openDoor(registry)
  const agent = startAgent(transport, { url: door.url, upstream })
  return {
    session: await joined,
    async close() {
      await agent.drain(0)
      registry.closeAll()
      await door.close()
    },
  }
}

function startAgent(
  transport: TransportKind,
  { url, upstream }: { readonly url: string; readonly upstream: Upstream },
): RunningAgent {
  const maxStreams = 1000
  const service = createAgentService({
    upstream,
    refusal: () => undefined,
    toUpstreamHeaders,
    maxStreams,
    changed: () => {},
  })
  const options = {
    id: 'far',
    instance: randomUUID(),
    host: 'here',
    pool: null,
    software: 'contract',
    allow: [],
    maxStreams,
    transport,
  }
  return runAgent(options, {
    ...timing,
    dial: createDial({ url, key: new Secret('contract'), ca: null }),
    service,
    log: silent,
    status: () => ({ ollama: { reachable: true, version: null }, models: 0 }),
    connected: () => {},
  })
}

const found = createRouteTable(routes).match('GET', '/agent/v1')
const agentRoute = found.kind === 'route' ? found.route : undefined

async function openDoor(registry: AgentRegistry): Promise<{ readonly url: string; close(): Promise<void> }> {
  const doors = createAgentDoors({
    onAgent: (transport, principal, peer) => registry.attach(transport, principal, peer),
    randomId: () => randomBytes(16).toString('base64url'),
    tls: false,
    refused: () => undefined,
  })
  if (agentRoute === undefined) throw new Error('the gateway has no route for agents')
  const admitted = { principal, route: agentRoute, target: '/agent/v1' }
  const listener = createListener(
    { tls: null, trustedProxies: [] },
    {
      request: (client) => void answer(client),
      native: (request, native) => doors.upgrade({ admitUpgrade: () => admitted }, request, native),
      upgrade: (_request, socket) => socket.destroy(),
    },
  )
  const answer = async (client: ClientPort): Promise<void> => {
    const body = await bodyOf(client.request)
    if (client.request.target === '/agent/v1/sse') {
      return doors.openStream(client, { greeting: body, principal, over: () => {} })
    }
    const sessionId = headerValue(client.request.headers, 'corral-session') ?? ''
    const { kind } = doors.receive({ sessionId, keyId: principal.keyId, body })
    client.head({ taken: 200, gap: 409, malformed: 400, gone: 410 }[kind], ['content-length', '0'])
    client.end()
  }
  const url = await listener.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    async close() {
      const closed = listener.stopAccepting()
      listener.destroyAll()
      await closed
    },
  }
}

function bodyOf({ body }: ClientRequest): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  return new Promise((resolve, reject) => {
    if (body === null) return resolve(Buffer.alloc(0))
    body.start({
      data: (chunk) => {
        chunks.push(chunk.slice())
        return true
      },
      end: () => resolve(Buffer.concat(chunks)),
      fail: () => reject(new Error('the body broke off')),
    })
  })
}
