import type { Command } from 'commander'
import { ConfigError } from '../../config/config-error.ts'
import type { LoadedConfig } from '../../config/settings.ts'
import { CommandFailure } from '../command-failure.ts'
import { checkAround } from '../doctor/check-around.ts'
import { checkGateway } from '../doctor/check-gateway.ts'
import { checkClock, checkNode } from '../doctor/check-machine.ts'
import { checkStore } from '../doctor/check-store.ts'
import { checkUpstream } from '../doctor/check-upstream.ts'
import type { Check } from '../doctor/check.ts'
import { printReport } from '../doctor/print-report.ts'
import { loadSettings } from '../load-settings.ts'
import { addConfigOption, type ConfigOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

export function doctor(command: Command, terminal: Terminal): void {
  addConfigOption(command)
    .option('--json', 'print a JSON array')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ConfigOptions & { json?: boolean }>()
      const checks = await examine(terminal, options)
      if (options.json) terminal.print(JSON.stringify(checks, null, 2))
      else printReport(terminal, checks)
      const failed = checks.filter((check) => check.state === 'fail')
      if (failed.length > 0) throw new CommandFailure(`Not well: ${failed.map((check) => check.name).join(', ')}`)
    })
}

async function examine(terminal: Terminal, options: ConfigOptions): Promise<Check[]> {
  const config = await loadSettings(terminal, options).catch((error: unknown) => {
    if (error instanceof ConfigError) return error
    throw error
  })
  if (config instanceof ConfigError) return [checkNode(), ...config.problems.map(configProblem)]
  return [checkNode(), configFound(config), ...(await examineParts(terminal, config))]
}

async function examineParts(terminal: Terminal, { settings }: LoadedConfig): Promise<Check[]> {
  const { upstreams } = settings
  const [store, reports, around, gateway] = await Promise.all([
    checkStore(settings.store.url, terminal.cwd),
    Promise.all(upstreams.map((upstream) => checkUpstream(upstream))),
    Promise.all(upstreams.map((upstream) => checkAround(upstream))),
    checkGateway(settings.http),
  ])
  const clock = checkClock(
    Date.now(),
    reports.map((report) => report.date),
  )
  return [...store, ...upstreamChecks(reports.map((report) => report.check)), ...around.flat(), gateway, clock]
}

function upstreamChecks(checks: readonly Check[]): readonly Check[] {
  if (checks.length > 0) return checks
  return [
    {
      name: 'upstreams',
      state: 'warn',
      message: 'The config names none',
      advice: 'Add one under upstreams: in the config',
    },
  ]
}

function configProblem(problem: string): Check {
  return {
    name: 'config',
    state: 'fail',
    message: problem,
    advice: 'Correct it; "corral config check" checks it again',
  }
}

function configFound({ file }: LoadedConfig): Check {
  return { name: 'config', state: 'ok', message: file ?? 'No file; the defaults and the environment hold' }
}
