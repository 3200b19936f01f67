import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startGateway, type RunningGateway } from '../test/system/harness/start-gateway.ts'
import { showBooks } from './demo-books.ts'
import { startLoad, type LoadCounts } from './demo-load.ts'

/** Three servers that are unlike each other, so that there is something to see. */
const SERVERS = [
  { name: 'fast', tokensPerSecond: 90, parallel: 4, models: ['llama3.2:3b', 'qwen3:8b'] },
  { name: 'middling', tokensPerSecond: 30, parallel: 2, models: ['llama3.2:3b', 'qwen3:8b'] },
  { name: 'slow', tokensPerSecond: 9, parallel: 1, models: ['llama3.2:3b'] },
]
/** Long enough to look around, and over by itself. */
const USUAL_SECONDS = 45
const LONGEST_SECONDS = 86_400
const FAKE = join(import.meta.dirname, '../test/fakes/fake-ollama/main.ts')

interface Server {
  readonly name: string
  readonly url: string
  readonly child: ChildProcess
}

/** A look around without a GPU: fake servers, a gateway before them, what it keeps in its books, and a small load. */
async function demo(seconds: number): Promise<void> {
  const interrupted = untilInterrupted()
  await using stack = new AsyncDisposableStack()
  const servers = await Promise.all(SERVERS.map(startServer))
  stack.defer(() => servers.forEach(({ child }) => child.kill()))
  const upstreams = servers.map(({ name, url }) => ({ name, url, priority: 1 }))
  const gateway = stack.use(await startGateway({ config: { upstreams, cache: { mode: 'deterministic' } } }))
  let isOver = false
  const end = Promise.race([interrupted, gateway.exited]).then(() => void (isOver = true))
  introduce(servers)
  await Promise.race([end, showBooks(gateway, say)])
  if (!isOver) {
    explain(gateway, seconds)
    await showLoad(gateway, Promise.race([end, timeOf(seconds)]))
  }
  await gateway.stop()
}

function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}

function timeOf(seconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, seconds * 1000).unref())
}

async function showLoad(gateway: RunningGateway, end: Promise<void>): Promise<void> {
  const load = startLoad({ url: gateway.url, key: gateway.adminKey, models: ['llama3.2:3b', 'qwen3:8b'], workers: 8 })
  const showing = setInterval(() => show(load.counts()), 1000)
  await end
  clearInterval(showing)
  await load.stop()
  show(load.counts())
  say('')
}

function startServer(server: (typeof SERVERS)[number]): Promise<Server> {
  const { name, tokensPerSecond, parallel, models } = server
  const args = [FAKE, '--tokens-per-second', `${tokensPerSecond}`, '--parallel', `${parallel}`]
  const prefill = [
    '--prefill-tokens-per-second',
    `${tokensPerSecond * 20}`,
    '--answer-tokens',
    '60',
    '--until-stdin-ends',
  ]
  const child = spawn(process.execPath, [...args, ...prefill, ...models.flatMap((model) => ['--model', model])], {
    // Ctrl-C reaches a whole group; these end after the gateway, or with this process.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the server "${name}" ended with ${code}`)))
    child.stdout.once('data', (chunk: Buffer) => {
      const url = /ready (http\S+)/.exec(chunk.toString())?.[1]
      if (url === undefined) reject(new Error(`the server "${name}" did not say where it listens`))
      else resolve({ name, url, child })
    })
  })
}

function introduce(servers: readonly Server[]): void {
  say('')
  say('A gateway before three made-up servers (they answer with nonsense, at the speed of a real one):')
  for (const server of servers) say(`  ${server.name.padEnd(10)} ${server.url}`)
}

function explain({ url, adminKey }: RunningGateway, seconds: number): void {
  const lines = [
    '',
    '== Look around yourself, while a small load goes on',
    `Gateway  ${url}`,
    `Console  ${url}/console/`,
    `Key      ${adminKey}`,
    '',
    'Paste one of these into another terminal:',
    `  curl ${url}/api/chat -H 'Authorization: Bearer ${adminKey}' -d '{"model":"llama3.2:3b","messages":[{"role":"user","content":"hello"}]}'`,
    `  OLLAMA_HOST=${url}/k/${adminKey} ollama run llama3.2:3b`,
    `  export OPENAI_BASE_URL=${url}/v1 OPENAI_API_KEY=${adminKey}`,
    '',
    `It ends by itself in ${seconds} s (npm run demo -- --seconds 600: later), or with Ctrl-C, and leaves nothing behind.`,
    '',
  ]
  for (const line of lines) say(line)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** One line that is written over on a terminal, and one line after the other elsewhere. */
function show(counts: LoadCounts): void {
  const text = `requests ${counts.requests}   running ${counts.running}   tokens/s ${counts.tokensPerSecond}   errors ${counts.errors}`
  process.stdout.write(process.stdout.isTTY ? `\r\u001b[K${text}` : `${text}\n`)
}

function parseSeconds(argv: readonly string[]): number {
  const { values } = parseArgs({ args: [...argv], options: { seconds: { type: 'string' } } })
  if (values.seconds === undefined) return USUAL_SECONDS
  const seconds = Number(values.seconds)
  if (!(seconds > 0 && seconds <= LONGEST_SECONDS))
    throw new Error(`--seconds wants a number above 0 and up to ${LONGEST_SECONDS}, not "${values.seconds}"`)
  return seconds
}

try {
  await demo(parseSeconds(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
