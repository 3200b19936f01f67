import { randomUUID } from 'node:crypto'
import { systemClock } from '../src/lib/clock.ts'
import { Secret } from '../src/lib/secret.ts'
import { toUpstreamHeaders } from '../src/proxy/end-to-end-headers.ts'
import { startSystemTimer } from '../src/routing/timer.ts'
import { createDial } from '../src/tunnel/agent/dial.ts'
import { runAgent } from '../src/tunnel/agent/run-agent.ts'
import { createAgentService } from '../src/tunnel/agent/serve-link.ts'
import { createOllamaUpstream } from '../src/upstreams/ollama-upstream.ts'
import type { AgentsOrder } from './parts/agents-order.ts'

// Many agents in one process, which differ from so many processes in nothing that the gateway sees. Says on stdout how
// many are connected.

const order = JSON.parse(process.argv[2] ?? '') as AgentsOrder
const { gatewayUrl, key, ollamaUrl } = order
const dial = createDial({ url: gatewayUrl, key: new Secret(key), ca: null })
const instance = randomUUID()
const upstream = createOllamaUpstream(
  { name: 'stub', url: ollamaUrl, headers: [], ca: null },
  { connectTimeoutMs: 5000, instanceId: instance },
)
const MAX_STREAMS = 100
const isConnected = new Set<string>()
const silent = (): void => {}
const log = { debug: silent, info: silent, warn: silent, error: silent }

for (let i = 0; i < order.agents; i++) setTimeout(start, i * order.paceMs, `${order.prefix}-${i}`)

function start(id: string): void {
  const service = createAgentService({
    upstream,
    refusal: () => undefined,
    toUpstreamHeaders,
    maxStreams: MAX_STREAMS,
    changed: silent,
  })
  runAgent(
    { id, instance, host: 'bench', pool: null, software: 'bench', allow: [], maxStreams: MAX_STREAMS, transport: 'ws' },
    {
      dial,
      service,
      log,
      clock: systemClock,
      startTimer: startSystemTimer,
      defer: setImmediate,
      random: Math.random,
      status: () => ({ ollama: { reachable: true, version: null }, models: 1 }),
      connected() {
        isConnected.add(id)
        console.log(String(isConnected.size))
      },
    },
  )
}
