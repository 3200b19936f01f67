import type { Command } from 'commander'
import { type GatewayDeps, startGateway, type RunningGateway } from '../../app/gateway.ts'
import { createLogRing } from '../../app/live/log-ring.ts'
import { limitYoungGeneration } from '../../app/young-generation.ts'
import type { LoadedConfig } from '../../config/settings.ts'
import { systemClock } from '../../lib/clock.ts'
import { createLog } from '../../telemetry/log.ts'
import { createRequestLog } from '../../telemetry/request-log.ts'
import { CommandFailure } from '../command-failure.ts'
import { loadSettings } from '../load-settings.ts'
import { addConfigOption, type ConfigOptions } from '../options.ts'
import { logWarnings, reloadConfig } from '../reload-config.ts'
import { stopSignal } from '../stop-signal.ts'
import type { Terminal } from '../terminal.ts'
import { sayFirstKey, sayUpstreams } from '../welcome.ts'

interface ServeOptions extends ConfigOptions {
  readonly listen?: string
}

export function serve(command: Command, terminal: Terminal): void {
  addConfigOption(command)
    .option('--listen <address>', 'HOST:PORT in place of what the config says; port 0 is any free one')
    .action((_options: unknown, self: Command) => runGateway(terminal, self.optsWithGlobals<ServeOptions>()))
}

async function runGateway(terminal: Terminal, options: ServeOptions): Promise<void> {
  limitYoungGeneration()
  const stopped = stopSignal(terminal.host)
  const load = (): Promise<LoadedConfig> => loadSettings(terminal, options)
  const config = await load()
  const logs = createLogRing()
  const log = createLog(config.settings.log, { keep: logs.add })
  logWarnings(config, log)
  const gateway = await start(config, { log, logs })
  const unwatch = reloadConfig(config, {
    ...{ host: terminal.host, log, load },
    apply: (next) => gateway.reload(next),
    refused: (problems) => gateway.reloadRefused(problems),
  })
  // Whoever reads the ready line may send any signal at once.
  announce(terminal, config, gateway)
  log.info({ signal: await stopped }, 'Stopping: no new connections, running answers may end')
  unwatch()
  await gateway.stop()
  log.info({}, 'Stopped')
}

async function start(config: LoadedConfig, { log, logs }: Omit<GatewayDeps, 'requestLog'>): Promise<RunningGateway> {
  const { requests } = config.settings.log
  const requestLog = requests === null ? null : createRequestLog({ directory: requests, clock: systemClock, log })
  try {
    return await startGateway(config, { log, requestLog, logs })
  } catch (error) {
    throw listenFailure(error)
  }
}

/** Key and hints before the ready line: whoever waits for that finds them said. */
function announce(terminal: Terminal, { settings }: LoadedConfig, gateway: RunningGateway): void {
  const [url = ''] = gateway.urls
  if (gateway.firstKey !== null) sayFirstKey(terminal, settings, { url, key: gateway.firstKey })
  sayUpstreams(terminal, settings.upstreams, gateway.upstreams())
  for (const other of gateway.urls.slice(1)) terminal.say(`Also at ${other}`)
  if (gateway.metricsUrl !== null) terminal.say(`Metrics at ${gateway.metricsUrl}/metrics`)
  terminal.print(`corral ready ${url}`)
}

function listenFailure(error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error
  const { syscall, code, address, port, hostname } = error as Error & Record<string, string | undefined>
  if (syscall === 'getaddrinfo') {
    return new CommandFailure(`Cannot listen on ${hostname}: there is no such host; correct --listen or listen:`, {
      cause: error,
    })
  }
  if (syscall !== 'listen') return error
  const place = port === undefined ? address : `${address}:${port}`
  const noSuchAddress = 'this machine has no such address; correct --listen or listen:'
  const words: Record<string, string> = {
    EADDRINUSE: 'the port is taken; stop what listens there, or choose another with --listen or listen:',
    EACCES: 'ports below 1024 need more rights; choose another with --listen or listen:',
    EADDRNOTAVAIL: noSuchAddress,
    // Deno's word for it.
    EINVAL: noSuchAddress,
  }
  return new CommandFailure(`Cannot listen on ${place}: ${words[code ?? ''] ?? error.message}`, {
    cause: error,
  })
}
