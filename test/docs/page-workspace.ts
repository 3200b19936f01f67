import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { startFakeOllama } from '../fakes/fake-ollama/fake-ollama.ts'
import { cleanEnvironment } from '../system/harness/clean-environment.ts'
import { freshClone } from '../system/harness/fresh-clone.ts'
import { ROOT } from '../system/harness/start-gateway.ts'
import { runBash, startServer, type BashResult, type RunningServer } from './run-bash.ts'
import { splitCommands } from './split-commands.ts'

export interface PageWorkspace extends AsyncDisposable {
  /** The fresh clone that the page's commands are typed in. */
  readonly folder: string
  /** Every command of a snippet, in order. Throws at the first that fails, with what it said. */
  shell(code: string): Promise<void>
  /** What a command says, on stdout and stderr, in the shell as the page has left it; of one that serves: until it is ready. */
  output(command: string): Promise<string>
  /** The text with this page's addresses and key for those it is written with. */
  filledIn(text: string): string
  /** The other way round, so that what was printed can be compared with what the page shows. */
  asWritten(text: string): string
}

/** What the Ollama of every page has, in sizes that a reader believes. */
const models = [
  { name: 'qwen3:8b', sizeBytes: 5_200_000_000 },
  { name: 'tiny', sizeBytes: 600_000_000 },
]

const key = /\bcrl_[0-9A-Za-z_]{20,}/

/**
 * A reader's machine for one page: a fresh clone, an empty home, an Ollama, and a shell that remembers its folder and
 * its exports from one snippet to the next. `11434` is the Ollama, `11435` the gateway that runs, KEY the key that it,
 * or the last command, has printed.
 */
export async function openWorkspace(options: { readonly install?: boolean } = {}): Promise<PageWorkspace> {
  await using stack = new AsyncDisposableStack()
  const clone = stack.use(await freshClone({ packages: 'none' }))
  const own = await mkdtemp(join(tmpdir(), 'corral-page-'))
  stack.defer(() => rm(own, { recursive: true, force: true }))
  const fake = await startFakeOllama({ models })
  stack.defer(() => fake.stop())
  const env = await prepareMachine(own, { clone: clone.folder, ollama: fake.url, install: options.install === true })
  let server: RunningServer | undefined
  let printedKey: string | undefined
  stack.defer(() => server?.stop())
  const shell = { state: join(own, 'state'), folder: clone.folder, env }
  const ollama = new URL(fake.url).host

  function filledIn(text: string): string {
    const gateway = server === undefined ? '127.0.0.1:0' : new URL(server.url).host
    const addressed = text
      .replace(/\b(?:127\.0\.0\.1|localhost):11434\b/g, ollama)
      .replace(/(?:127\.0\.0\.1|localhost|0\.0\.0\.0|\[::\]):11435\b/g, gateway)
    return printedKey === undefined ? addressed : addressed.replace(/\bKEY\b/g, printedKey)
  }
  function noteKey(text: string): void {
    printedKey = key.exec(text)?.[0] ?? printedKey
  }
  async function run(command: string): Promise<BashResult> {
    const result = await runBash(filledIn(command), shell)
    noteKey(`${result.stdout}${result.stderr}`)
    return result
  }
  /** As whoever reads on does in another terminal. */
  async function startAgent(command: string): Promise<RunningServer> {
    const agent = await startServer(filledIn(command), shell, 'agent')
    machine.defer(() => agent.stop())
    return agent
  }
  async function start(command: string): Promise<void> {
    // Whoever reads on has pressed Ctrl-C before starting the next.
    await server?.stop()
    server = undefined
    server = await startServer(filledIn(command), shell)
    noteKey(server.said())
  }

  const machine = stack.move()
  return {
    folder: clone.folder,
    filledIn,
    asWritten(text) {
      const addressed = text.replaceAll(ollama, '127.0.0.1:11434').replace(new RegExp(key, 'g'), 'KEY')
      return server === undefined ? addressed : addressed.replaceAll(new URL(server.url).host, '127.0.0.1:11435')
    },
    async shell(code) {
      for (const { kind, text } of splitCommands(code)) {
        if (kind === 'server') await start(text)
        else if (kind === 'agent') await startAgent(text)
        else failUnlessDone(text, await run(text))
      }
    },
    async output(command) {
      const kind = splitCommands(command)[0]?.kind
      if (kind === 'agent') return (await startAgent(command)).said()
      if (kind !== 'server') return (await run(`{ ${command}\n} 2>&1`)).stdout
      await start(command)
      return server?.said() ?? ''
    },
    [Symbol.asyncDispose]: () => machine.disposeAsync(),
  }
}

function failUnlessDone(command: string, { code, stdout, stderr }: BashResult): void {
  if (code === 0) return
  const said = `${stdout}${stderr}`.replace(new RegExp(key, 'g'), 'KEY')
  throw new Error(`ended with ${code}:\n${command}\n${said}`)
}

interface MachineTerms {
  readonly clone: string
  readonly ollama: string
  readonly install: boolean
}

/** The home, the commands and the environment of whoever reads the page. */
async function prepareMachine(own: string, { clone, ollama, install }: MachineTerms): Promise<NodeJS.ProcessEnv> {
  const [home, bin] = [join(own, 'home'), join(own, 'bin')]
  await mkdir(home)
  await mkdir(bin)
  // The node that npm puts before all others here is not in a reader's PATH.
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.endsWith('node_modules/.bin'))
  const PATH = path.join(delimiter)
  const npm = execFileSync('sh', ['-c', 'command -v npm'], { env: { ...process.env, PATH }, encoding: 'utf8' }).trim()
  if (!install) await writeCommand(join(bin, 'npm'), npmThatLinks(npm))
  await writeCommand(join(bin, 'corral'), `exec '${clone}/node_modules/.bin/node' '${clone}/src/main.ts' "$@"`)
  // An answer of 401 is a failure of the snippet, though not of a bare curl.
  await writeFile(join(own, '.curlrc'), 'fail-with-body\nsilent\nshow-error\nmax-time = 30\n')
  return {
    ...withoutNpm(cleanEnvironment()),
    ...(install ? npmSettings() : {}),
    PATH: `${bin}${delimiter}${PATH}`,
    HOME: home,
    CURL_HOME: own,
    OLLAMA_HOST: ollama,
    CORRAL_LISTEN: '127.0.0.1:0',
  }
}

async function writeCommand(path: string, text: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${text}\n`)
  await chmod(path, 0o755)
}

/** `npm ci` is answered with the packages that are here; everything else is the real one. */
function npmThatLinks(npm: string): string {
  const link = `[ -f package-lock.json ] && { [ -e node_modules ] || ln -s '${join(ROOT, 'node_modules')}' node_modules; }`
  return `if [ "$1" = ci ]; then ${link}; exit; fi\nexec '${npm}' "$@"`
}

/** What an npm around the tests tells its scripts is not for an npm below. */
function withoutNpm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(npm_|INIT_CWD$|NODE$)/i.test(name)))
}

/** Where this machine gets its packages, which an empty home does not know. */
function npmSettings(): NodeJS.ProcessEnv {
  const { npm_config_userconfig: settings, npm_config_cache: cache } = process.env
  return {
    npm_config_userconfig: settings ?? join(homedir(), '.npmrc'),
    npm_config_cache: cache ?? join(homedir(), '.npm'),
  }
}
