import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Command } from 'commander'
import { modelPatterns } from '../../auth/model-patterns.ts'
import { systemClock } from '../../lib/clock.ts'
import { version } from '../../lib/version.ts'
import { toAgentUpstreamHeaders } from '../../proxy/end-to-end-headers.ts'
import { startSystemTimer } from '../../routing/timer.ts'
import type { UpstreamState } from '../../routing/fleet/upstream-state.ts'
import { createLog } from '../../telemetry/log.ts'
import { createDial } from '../../tunnel/agent/dial.ts'
import { type RunningAgent, runAgent } from '../../tunnel/agent/run-agent.ts'
import { createAgentService } from '../../tunnel/agent/serve-link.ts'
import type { HelloAck } from '../../tunnel/wire/greeting.ts'
import { createOllamaUpstream } from '../../upstreams/ollama-upstream.ts'
import { createAgentPolicy } from '../agent/agent-policy.ts'
import { type AgentOptions, type AgentSettings, readAgentSettings } from '../agent/agent-settings.ts'
import { createLocalOllama, type LocalOllama } from '../agent/local-ollama.ts'
import { clearStatusLine, linesAboveStatus, ollamaText, showStatusLine } from '../agent/status-line.ts'
import { parseDurationOption } from '../options.ts'
import { stopSignal } from '../stop-signal.ts'
import type { Terminal } from '../terminal.ts'

/** Generous: what bounds the work is the Ollama, and the queue in front of it is the gateway's. */
const MAX_STREAMS = 1_000
const CONNECT_TIMEOUT_MS = 5_000

export function agent(command: Command, terminal: Terminal): void {
  command
    .option('--server <url>', 'the gateway to dial (SERVER_URL)')
    .option('--key <key>', 'an agent key of the gateway (CORRAL_AGENT_KEY, AUTH_TOKEN)')
    .option('--key-file <file>', 'file that holds the key (AUTH_TOKEN_FILE)')
    .option('--ollama <url>', 'the one Ollama it serves (OLLAMA_URL, OLLAMA_HOST; default http://127.0.0.1:11434)')
    .option('--id <name>', 'what the gateway calls it (AGENT_ID; default: the host name)')
    .option('--pool <name>', 'which of its pools it joins, where the key is of several (AGENT_POOL)')
    .option('--transport <ws|sse|auto>', 'how it talks to the gateway (TRANSPORT; default: auto)')
    .option('--allow <scope...>', 'what it lets through: chat, embed, models:read, models:write (default: all)')
    .option('--ca <file>', "PEM file with the authority of the gateway's certificate")
    .option(
      '--drain <duration>',
      'how long running answers may go on after SIGTERM (default: 30s)',
      parseDurationOption,
    )
    .option('--check', 'look for what is in the way, and end')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<AgentOptions>()
      const settings = readAgentSettings(options, terminal)
      if (options.check !== true) return serveAgent(terminal, settings)
      const { checkAgent } = await import('../agent/check-agent.ts')
      return checkAgent(terminal, settings)
    })
}

async function serveAgent(terminal: Terminal, settings: AgentSettings): Promise<void> {
  const stopped = stopSignal(terminal.host)
  const log = createLog({ level: 'info', format: 'auto' }, { destination: linesAboveStatus(terminal.host) })
  const instance = randomUUID()
  const upstream = createOllamaUpstream(
    { name: settings.id, url: settings.ollamaUrl, headers: [...settings.ollamaHeaders], ca: null },
    { connectTimeoutMs: CONNECT_TIMEOUT_MS, instanceId: instance },
  )
  const ollama = createLocalOllama(upstream)
  await ollama.look()
  sayOllama(terminal, settings, ollama.state)
  const service = createAgentService({
    upstream,
    refusal: createAgentPolicy(settings.id, settings.allow),
    toUpstreamHeaders: toAgentUpstreamHeaders,
    maxStreams: MAX_STREAMS,
    // Called once there are links, which it makes.
    changed: () => running.statusChanged(),
  })
  const running: RunningAgent = runAgent(
    { ...settings, instance, host: hostname(), software: `corral ${version}`, maxStreams: MAX_STREAMS },
    {
      dial: createDial({ url: settings.serverUrl, key: settings.key, ca: settings.ca }),
      service,
      log,
      clock: systemClock,
      startTimer: startSystemTimer,
      defer: setImmediate,
      random: Math.random,
      status: () => ollamaStatus(ollama),
      connected(ack, kind) {
        clearStatusLine(terminal.host)
        terminal.print(`corral agent ${settings.id} connected ${kind}`)
        sayDenied(terminal, ollama.state, ack)
      },
    },
  )
  const unwatch = ollama.watch((state) => {
    log.info({}, `${ollamaText(state)} at ${settings.ollamaUrl}${faultText(state)}`)
    running.statusChanged()
  })
  const hideStatus = showStatusLine(terminal, () => ({
    id: settings.id,
    state: running.state,
    running: service.running,
    ollama: ollama.state,
    now: systemClock.now(),
  }))
  log.info({ signal: await stopped }, 'Stopping: no new requests, running answers may end')
  await running.drain(settings.drainMs)
  hideStatus()
  unwatch()
  upstream.close()
  log.info({}, 'Stopped')
}

function sayOllama(terminal: Terminal, settings: AgentSettings, state: UpstreamState): void {
  if (state.health === 'up') {
    terminal.say(`Found ${ollamaText(state)}, at ${settings.ollamaUrl}; its slots are learnt from use.`)
  } else {
    terminal.say(
      `No Ollama at ${settings.ollamaUrl} yet${faultText(state)}: it is served as soon as one answers there.`,
    )
  }
}

function faultText({ health, fault }: UpstreamState): string {
  return health === 'up' || fault === null ? '' : ` (${fault})`
}

/** Models that this machine has and the pool does not let it serve. */
function sayDenied(terminal: Terminal, { models }: UpstreamState, ack: HelloAck): void {
  const denied = [...(models?.keys() ?? [])].filter((canonical) => !modelPatterns(ack.models).allowsLocal(canonical))
  if (denied.length === 0) return
  const shown = denied.slice(0, 5).join(', ') + (denied.length > 5 ? ', ...' : '')
  terminal.say(`Pool ${ack.pool} serves ${ack.models.join(', ')} only: not served from here are ${shown}.`)
}

function ollamaStatus({ state }: LocalOllama): {
  ollama: { reachable: boolean; version: string | null }
  models: number
} {
  return { ollama: { reachable: state.health === 'up', version: state.version }, models: state.models?.size ?? 0 }
}
