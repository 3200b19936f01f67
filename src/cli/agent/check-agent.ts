import { lookup } from 'node:dns/promises'
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { systemClock } from '../../lib/clock.ts'
import { version } from '../../lib/version.ts'
import { startSystemTimer } from '../../routing/timer.ts'
import { createDial } from '../../tunnel/agent/dial.ts'
import { tryGreeting } from '../../tunnel/agent/try-greeting.ts'
import type { TransportKind } from '../../tunnel/wire/transport.ts'
import { createOllamaUpstream } from '../../upstreams/ollama-upstream.ts'
import { CommandFailure } from '../command-failure.ts'
import { checkClock, checkNode } from '../doctor/check-machine.ts'
import type { Check } from '../doctor/check.ts'
import { printReport } from '../doctor/print-report.ts'
import { probe } from '../doctor/probe.ts'
import type { Terminal } from '../terminal.ts'
import type { AgentSettings } from './agent-settings.ts'
import { createLocalOllama } from './local-ollama.ts'
import { ollamaText } from './status-line.ts'

const TIMEOUT_MS = 10_000

/** Looks at each thing that an agent needs, in the order in which they fail. */
export async function checkAgent(terminal: Terminal, settings: AgentSettings): Promise<void> {
  const [ollama, name, gateway] = await Promise.all([
    checkOllama(settings),
    checkName(settings),
    checkGateway(settings),
  ])
  const links = gateway.check.state === 'ok' ? await checkLinks(settings) : []
  const checks = [checkNode(), ollama, name, gateway.check, checkClock(systemClock.now(), [gateway.date]), ...links]
  printReport(terminal, checks)
  const failed = checks.filter((check) => check.state === 'fail')
  if (failed.length > 0) throw new CommandFailure(`Not well: ${failed.map((check) => check.name).join(', ')}`)
}

async function checkOllama(settings: AgentSettings): Promise<Check> {
  const name = 'ollama'
  const upstream = createOllamaUpstream(
    { name: 'check', url: settings.ollamaUrl, headers: [...settings.ollamaHeaders], ca: null },
    { connectTimeoutMs: TIMEOUT_MS, instanceId: randomUUID() },
  )
  const state = await createLocalOllama(upstream).look()
  upstream.close()
  if (state.health === 'up') return { name, state: 'ok', message: `${ollamaText(state)}, at ${settings.ollamaUrl}` }
  const message = `${settings.ollamaUrl} does not answer as Ollama does: ${state.fault ?? 'no answer'}`
  return { name, state: 'fail', message, advice: 'Start Ollama (ollama serve), or correct --ollama' }
}

async function checkName(settings: AgentSettings): Promise<Check> {
  const name = 'dns'
  const { hostname: host } = new URL(settings.serverUrl)
  try {
    const { address } = await lookup(host.replace(/^\[|\]$/g, ''))
    return { name, state: 'ok', message: host === address ? `${host} is an address` : `${host} is ${address}` }
  } catch {
    return { name, state: 'fail', message: `${host} is not known to the DNS`, advice: 'Correct --server' }
  }
}

async function checkGateway({ serverUrl, ca }: AgentSettings): Promise<{ check: Check; date: string | undefined }> {
  const name = serverUrl.startsWith('https:') ? 'tls' : 'gateway'
  const answer = await probe(`${serverUrl}/livez`, { ca, timeoutMs: TIMEOUT_MS })
  if (answer.kind === 'answered') {
    const isPlain = !serverUrl.startsWith('https:')
    const message = isPlain ? `${serverUrl} answers; the link is not encrypted` : `${serverUrl} answers, encrypted`
    return { check: { name, state: 'ok', message }, date: answer.headers.date }
  }
  const advice = 'Correct --server, look for a firewall, or name the authority of its certificate with --ca'
  return { check: { name, state: 'fail', message: `${serverUrl}: ${answer.reason}`, advice }, date: undefined }
}

/** Greets the gateway under an id of its own, so that the agent that may be running is not pushed aside. */
async function checkLinks(settings: AgentSettings): Promise<Check[]> {
  const kinds: readonly TransportKind[] = settings.transport === 'auto' ? ['ws', 'sse'] : [settings.transport]
  const checks = await Promise.all(kinds.map((kind) => checkLink(settings, kind)))
  // One that works is enough.
  const works = checks.some((check) => check.state === 'ok')
  return checks.map((check) => (works && check.state === 'fail' ? { ...check, state: 'warn' } : check))
}

async function checkLink(settings: AgentSettings, kind: TransportKind): Promise<Check> {
  const result = await tryGreeting(
    {
      kind,
      pool: settings.pool,
      id: `check-${randomUUID().slice(0, 8)}`,
      host: hostname(),
      software: `corral ${version}`,
    },
    {
      dial: createDial({ url: settings.serverUrl, key: settings.key, ca: settings.ca }),
      clock: systemClock,
      startTimer: startSystemTimer,
      defer: setImmediate,
    },
  )
  if (result.kind === 'failed') {
    const advice = result.isRefusal
      ? 'Ask for a key: corral key create NAME --agent --pool POOL, on the gateway'
      : 'Correct --server, or look for what on the way does not let it through; the other --transport may pass'
    return { name: kind, state: 'fail', message: result.reason, advice }
  }
  const { pool, models } = result.ack
  return { name: kind, state: 'ok', message: `works; the key is of pool ${pool}, which serves ${models.join(', ')}` }
}
