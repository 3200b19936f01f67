import { Command } from 'commander'
import { version } from '../lib/version.ts'
import type { Terminal } from './terminal.ts'

/** Gives a command its arguments, options and action. */
export type Define = (command: Command, terminal: Terminal) => void

interface Entry {
  /** What is typed after `corral`. */
  readonly words: readonly [string] | readonly [string, string]
  readonly summary: string
  load(): Promise<Define>
}

/** Each command's code is loaded when it is called, and no other's: `corral version` shall not wait for a database. */
const entries: readonly Entry[] = [
  { words: ['serve'], summary: 'run the gateway', load: async () => (await import('./commands/serve.ts')).serve },
  {
    words: ['init'],
    summary: 'write an annotated corral.yaml',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    words: ['import'],
    summary: 'write a corral.yaml from the files of another tool',
    load: async () => (await import('./commands/import.ts')).importFile,
  },
  {
    words: ['config', 'check'],
    summary: 'check the config and name every problem',
    load: async () => (await import('./commands/config-check.ts')).configCheck,
  },
  {
    words: ['config', 'show'],
    summary: 'show every setting and where it came from',
    load: async () => (await import('./commands/config-show.ts')).configShow,
  },
  {
    words: ['user', 'create'],
    summary: 'make a user and print a first key',
    load: async () => (await import('./commands/user-create.ts')).userCreate,
  },
  {
    words: ['user', 'list'],
    summary: 'list the users',
    load: async () => (await import('./commands/user-list.ts')).userList,
  },
  {
    words: ['user', 'show'],
    summary: 'show a user, with limits and keys',
    load: async () => (await import('./commands/user-show.ts')).userShow,
  },
  {
    words: ['user', 'change'],
    summary: "change a user's role or limits",
    load: async () => (await import('./commands/user-change.ts')).userChange,
  },
  {
    words: ['user', 'disable'],
    summary: "end a user's keys and running streams",
    load: async () => (await import('./commands/user-disable.ts')).userDisable,
  },
  {
    words: ['user', 'enable'],
    summary: "let a disabled user's keys in again",
    load: async () => (await import('./commands/user-enable.ts')).userEnable,
  },
  {
    words: ['user', 'delete'],
    summary: 'delete a user and end all keys and running streams',
    load: async () => (await import('./commands/user-delete.ts')).userDelete,
  },
  {
    words: ['key', 'create'],
    summary: 'make a key and print it once',
    load: async () => (await import('./commands/key-create.ts')).keyCreate,
  },
  {
    words: ['key', 'list'],
    summary: 'list the keys, never their secrets',
    load: async () => (await import('./commands/key-list.ts')).keyList,
  },
  {
    words: ['key', 'show'],
    summary: 'show a key, never its secret',
    load: async () => (await import('./commands/key-show.ts')).keyShow,
  },
  {
    words: ['key', 'change'],
    summary: 'change what a key may reach, how much, and until when',
    load: async () => (await import('./commands/key-change.ts')).keyChange,
  },
  {
    words: ['key', 'rotate'],
    summary: 'give a key a new secret; the old one works for a while',
    load: async () => (await import('./commands/key-rotate.ts')).keyRotate,
  },
  {
    words: ['key', 'revoke'],
    summary: 'end a key and its running streams',
    load: async () => (await import('./commands/key-revoke.ts')).keyRevoke,
  },
  {
    words: ['key', 'add-ssh'],
    summary: 'let an ollama CLI in by its ed25519 public key',
    load: async () => (await import('./commands/key-add-ssh.ts')).keyAddSsh,
  },
  {
    words: ['key', 'import'],
    summary: 'accept keys that were made elsewhere',
    load: async () => (await import('./commands/key-import.ts')).keyImport,
  },
  {
    words: ['audit'],
    summary: 'list what was done to users and keys, and by whom',
    load: async () => (await import('./commands/audit.ts')).audit,
  },
  {
    words: ['upstream', 'list'],
    summary: 'list the model servers of a running gateway',
    load: async () => (await import('./commands/upstream-list.ts')).upstreamList,
  },
  {
    words: ['upstream', 'add'],
    summary: 'add a model server to a running gateway',
    load: async () => (await import('./commands/upstream-add.ts')).upstreamAdd,
  },
  {
    words: ['upstream', 'remove'],
    summary: 'remove one that was added',
    load: async () => (await import('./commands/upstream-remove.ts')).upstreamRemove,
  },
  {
    words: ['upstream', 'drain'],
    summary: 'send one nothing new, and let it finish what runs',
    load: async () => (await import('./commands/upstream-drain.ts')).upstreamDrain,
  },
  {
    words: ['upstream', 'disable'],
    summary: 'use one as if it were not there',
    load: async () => (await import('./commands/upstream-disable.ts')).upstreamDisable,
  },
  {
    words: ['upstream', 'enable'],
    summary: 'use one again that was drained or disabled',
    load: async () => (await import('./commands/upstream-enable.ts')).upstreamEnable,
  },
  {
    words: ['upstream', 'wake'],
    summary: 'wake the machine of one by Wake-on-LAN',
    load: async () => (await import('./commands/upstream-wake.ts')).upstreamWake,
  },
  {
    words: ['models', 'list'],
    summary: 'list which models are on which upstreams',
    load: async () => (await import('./commands/models-list.ts')).modelsList,
  },
  {
    words: ['models', 'pull'],
    summary: 'pull a model on one upstream, several or all',
    load: async () => (await import('./commands/models-pull.ts')).modelsPull,
  },
  {
    words: ['models', 'rm'],
    summary: 'remove a model from upstreams',
    load: async () => (await import('./commands/models-rm.ts')).modelsRm,
  },
  {
    words: ['models', 'sync'],
    summary: 'bring the upstreams in step with models.desired',
    load: async () => (await import('./commands/models-sync.ts')).modelsSync,
  },
  {
    words: ['job', 'list'],
    summary: 'list the changes of models that the gateway carries out',
    load: async () => (await import('./commands/job-list.ts')).jobList,
  },
  {
    words: ['job', 'cancel'],
    summary: 'cancel one of them',
    load: async () => (await import('./commands/job-cancel.ts')).jobCancel,
  },
  {
    words: ['share'],
    summary: 'lend one model for a while',
    load: async () => (await import('./commands/share.ts')).share,
  },
  {
    words: ['agent'],
    summary: 'serve an Ollama behind NAT through a gateway',
    load: async () => (await import('./commands/agent.ts')).agent,
  },
  {
    words: ['backup'],
    summary: 'write users, keys and books to a file, while the gateway runs',
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  {
    words: ['restore'],
    summary: 'put a backup in the place of the store',
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  {
    words: ['env'],
    summary: 'print the exports that point a client at the gateway',
    load: async () => (await import('./commands/env.ts')).env,
  },
  {
    words: ['doctor'],
    summary: 'look for what is wrong and say what to do',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    words: ['status'],
    summary: 'follow what the fleet is doing',
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    words: ['console'],
    summary: 'print a link that logs in to the console once',
    load: async () => (await import('./commands/console.ts')).openConsole,
  },
  {
    words: ['usage'],
    summary: 'say who used what, from the ledger',
    load: async () => (await import('./commands/usage.ts')).usage,
  },
  {
    words: ['route', 'explain'],
    summary: 'say where a request would go, and why',
    load: async () => (await import('./commands/route-explain.ts')).routeExplain,
  },
  {
    words: ['service', 'install'],
    summary: 'write a systemd unit that runs the gateway, or an agent',
    load: async () => (await import('./commands/service-install.ts')).serviceInstall,
  },
  {
    words: ['version'],
    summary: 'print the version',
    load: async () => (await import('./commands/version.ts')).printVersion,
  },
]

const groups = {
  config: 'the config file',
  user: 'people and apps',
  key: 'what lets them in',
  upstream: 'the model servers',
  models: 'what is on the disks of the upstreams',
  job: 'what the gateway does by itself',
  route: 'where requests go',
  service: 'running by itself',
} as const

export function createProgram(terminal: Terminal): Command {
  const program = new Command('corral')
    .description('One door to every Ollama: keys, routing and books in front of any number of Ollama servers')
    .version(`corral ${version}`, '--version', 'print the version')
    .option('--config <file>', 'config file (default: corral.yaml, where there is one)')
    .helpOption('-h, --help', 'say how a command is used')
    .helpCommand(false)
    .showHelpAfterError('Run it with --help to see how it is used.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.host.stdout.write(text),
      writeErr: (text) => void terminal.host.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'corral: ')),
    })
  const parents = new Map<string, Command>()
  const loaders = new Map<Command, Entry>()
  for (const entry of entries) {
    const [first, second] = entry.words
    const parent = second === undefined ? program : groupOf(program, first, parents)
    loaders.set(parent.command(second ?? first).description(entry.summary), entry)
  }
  for (const parent of [program, ...parents.values()]) {
    parent.hook('preSubcommand', async (_parent, command) => {
      const define = await loaders.get(command)?.load()
      define?.(command, terminal)
    })
  }
  return program
}

function groupOf(program: Command, name: string, parents: Map<string, Command>): Command {
  const known = parents.get(name)
  if (known) return known
  const group = program.command(name).description(name in groups ? groups[name as keyof typeof groups] : name)
  parents.set(name, group)
  return group
}
