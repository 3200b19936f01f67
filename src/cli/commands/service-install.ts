import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { Command } from 'commander'
import { loadConfig } from '../../config/load.ts'
import { shellQuote } from '../client-exports.ts'
import { DEFAULT_DRAIN_MS } from '../agent/agent-settings.ts'
import { CommandFailure } from '../command-failure.ts'
import { hidingOf } from '../service/hidden-folders.ts'
import { agentService, gatewayService, type Service } from '../service/known-services.ts'
import { findProgramFiles, type ProgramFiles } from '../service/program-files.ts'
import { findAccount, type ServiceAccount } from '../service/service-account.ts'
import { serviceWarnings } from '../service/service-warnings.ts'
import { unitText } from '../service/unit-text.ts'
import { writeService } from '../service/write-service.ts'
import type { Terminal } from '../terminal.ts'

interface InstallOptions {
  readonly user?: string
  readonly agent?: boolean
  readonly config?: string
  readonly root?: string
  readonly dryRun?: boolean
  readonly force?: boolean
}

export function serviceInstall(command: Command, terminal: Terminal): void {
  command
    .option('--user <name>', 'a user of this machine to run as (default: one that is there while the service runs)')
    .option('--agent', "write the agent's unit in place of the gateway's")
    .option('--config <file>', 'config file of the service (default: /etc/corral/corral.yaml, where there is one)')
    .option('--root <folder>', 'the system to write to, for whoever builds images (default: /)')
    .option('--dry-run', 'print the unit and write nothing')
    .option('--force', 'replace a unit that this command has not written')
    .action(async (_options: unknown, self: Command) => install(terminal, self.optsWithGlobals<InstallOptions>()))
}

async function install(terminal: Terminal, options: InstallOptions): Promise<void> {
  const service = options.agent === true ? agentService : gatewayService
  if (!service.keepsState && options.config !== undefined)
    throw new CommandFailure(
      `The agent reads no config: leave --config out, and write what it is told to ${envPath(service)}`,
      { exitCode: 2 },
    )
  const root = resolve(terminal.cwd, options.root ?? '/')
  if (options.dryRun !== true) requireRights(terminal, root)
  const account = options.user === undefined ? null : await findAccount(options.user, root)
  const files = findProgramFiles(terminal.host)
  const config = service.keepsState ? configPath(terminal, { root, config: options.config }) : null
  const drainMs = service.keepsState ? await readDrain(service, { root, config }) : DEFAULT_DRAIN_MS
  const text = unitText(service, {
    program: files.program,
    programPaths: files.paths,
    config,
    user: account?.name ?? null,
    drainMs,
  })
  for (const warning of await serviceWarnings({ files, config, account, root })) terminal.say(`corral: ${warning}`)
  if (options.dryRun === true) {
    for (const line of text.trimEnd().split('\n')) terminal.print(line)
    return
  }
  // Who is not root makes an image, and systemd gives the folders to their user when the service starts.
  const owner = isRoot(terminal) ? account : null
  const written = await writeService({ service, text, root, force: options.force === true, owner })
  terminal.say(`Wrote ${written.join(', ')}`)
  const steps = service.keepsState
    ? firstKeySteps(service, { files, config, account })
    : envFileSteps(service, existsSync(join(root, envPath(service))))
  const start = ['  systemctl daemon-reload', `  systemctl enable --now ${service.name}`]
  for (const line of [...steps, ...start, `  journalctl -u ${service.name} -f`]) terminal.say(line)
}

function envPath({ envFile }: Service): string {
  return `/etc/corral/${envFile.name}`
}

function isRoot({ host }: Pick<Terminal, 'host'>): boolean {
  return host.getuid?.() === 0
}

function requireRights({ host }: Terminal, root: string): void {
  if (root !== '/') return
  if (host.platform !== 'linux')
    throw new CommandFailure('Only Linux runs systemd units: --dry-run prints one, --root writes it elsewhere')
  if (!isRoot({ host }))
    throw new CommandFailure(
      'Only root may write to /etc/systemd/system: run it with sudo, or see the unit with --dry-run',
    )
}

interface Place {
  readonly root: string
  readonly config: string | null
}

/** As the service will see it; below the root is where it lies now. */
function configPath({ cwd }: Terminal, { root, config }: { root: string; config: string | undefined }): string | null {
  const usual = '/etc/corral/corral.yaml'
  if (config === undefined) return existsSync(join(root, usual)) ? usual : null
  const path = resolve(root === '/' ? cwd : '/', config)
  if (hidingOf(path) === undefined) return path
  throw new CommandFailure(`The service cannot see ${path}: move it to ${usual}`)
}

/** The config as the service will read it: in its folder, with the variables of its env file. */
async function readDrain(service: Service, { root, config }: Place): Promise<number> {
  const env = parseEnv(await readFile(join(root, envPath(service)), 'utf8').catch(() => ''))
  const file = config === null ? undefined : join(root, config)
  const { settings } = await loadConfig({ file, env, cwd: join(root, 'var/lib', service.name) })
  return settings.http.drainMs
}

interface NextTerms {
  readonly files: ProgramFiles
  readonly config: string | null
  readonly account: ServiceAccount | null
}

/** What has no key yet can be given one before the first start. */
const firstKey = ['user', 'create', 'admin', '--scope', 'chat,embed,models:read,models:write,admin,metrics']

function firstKeySteps({ name }: Service, { files, config, account }: NextTerms): string[] {
  const become = account === null ? [] : ['sudo', '-u', account.name]
  const options = config === null ? [] : ['--config', config]
  const createKey = [...become, ...files.program, ...firstKey, ...options].map(shellQuote).join(' ')
  return [
    'Next, as root: a first key, which is shown to you alone (without one the gateway prints it to the journal),',
    `  cd /var/lib/${name} && ${createKey}`,
    'then the service, and what it says:',
  ]
}

/** The key stands in no command, because commands are seen by others and kept. */
function envFileSteps(service: Service, isThere: boolean): string[] {
  const path = envPath(service)
  if (isThere) return [`Next, as root (${path} is there already: let only root read it, with mode 0600):`]
  return [
    'Next, as root: a file that only root can read, and in it a line for each thing the agent is told,',
    `  install -D -m 600 /dev/null ${path}`,
    `  editor ${path}`,
    '    SERVER_URL=https://gateway.example.com',
    '    AUTH_TOKEN=the key that "corral key create NAME --agent" prints on the gateway',
    '    AGENT_ID and OLLAMA_URL, where the host name and http://127.0.0.1:11434 are not right',
    'then the service, and what it says:',
  ]
}
