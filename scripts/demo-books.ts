import type { RunningGateway } from '../test/system/harness/start-gateway.ts'

/** Where it is shown, line by line. */
type Say = (line: string) => void

const MODEL = 'llama3.2:3b'
/** Nothing here takes this long, unless it hangs. */
const PATIENCE_MS = 20_000

/** Two users, of whom one meets a limit and one is answered by the cache, and what the books say of both afterwards. */
export async function showBooks(gateway: RunningGateway, say: Say): Promise<void> {
  title(say, 'Two users, each with a key')
  const ada = await createUser(gateway, say, ['ada', '--limit', 'requests_per_minute=3'])
  const bob = await createUser(gateway, say, ['bob', '--limit', 'tokens_per_day=100000'])

  title(say, 'ada asks four times, and may three times a minute')
  for (const question of ['Why is the sky blue?', 'And at night?', 'And on Mars?', 'And in a cave?'])
    tell(say, await ask(gateway, ada, { question }))

  title(say, 'bob asks the same thing twice, with temperature 0: the second answer comes out of the cache')
  for (let time = 1; time <= 2; time++)
    tell(say, await ask(gateway, bob, { question: 'What is a corral?', options: { temperature: 0 } }))

  title(say, 'Who used what: what was refused, or came out of the cache, took no tokens')
  await show(gateway, say, ['usage', '--by', 'user'])
  title(say, 'How much of the limits is used')
  await show(gateway, say, ['status', '--once', '--server', gateway.url, '--key', gateway.adminKey])
  title(say, 'Who changed what')
  await show(gateway, say, ['audit'])
}

function title(say: Say, text: string): void {
  say('')
  say(`== ${text}`)
}

async function createUser(gateway: RunningGateway, say: Say, args: readonly string[]): Promise<string> {
  const command = ['user', 'create', ...args]
  say(`$ corral ${command.join(' ')}`)
  const { stdout } = await run(gateway, command)
  const secret = stdout.trim()
  say(`  ${secret}`)
  await untilKnown(gateway, secret)
  return secret
}

async function show(gateway: RunningGateway, say: Say, command: readonly string[]): Promise<void> {
  const shown = command.slice(0, command.includes('--server') ? command.indexOf('--server') : undefined)
  say(`$ corral ${shown.join(' ')}`)
  const { stdout } = await run(gateway, command)
  for (const line of stdout.trimEnd().split('\n')) say(`  ${line}`)
}

async function run(gateway: RunningGateway, command: readonly string[]): Promise<{ readonly stdout: string }> {
  const result = await gateway.cli(...command)
  if (result.code !== 0) throw new Error(`"corral ${command[0]}" ended with ${result.code}: ${result.stderr}`)
  return result
}

/** A running gateway takes a key that another process made within a second. */
async function untilKnown(gateway: RunningGateway, key: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while ((await send(gateway, key, { path: '/admin/me' })).status === 401) {
    if (performance.now() > deadline) throw new Error('the gateway does not take the new key')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

interface Question {
  readonly question: string
  readonly options?: { readonly temperature: number }
}

interface Answered extends Question {
  readonly response: Response
  readonly body: { readonly error?: string; readonly eval_count?: number }
  readonly milliseconds: number
}

async function ask(gateway: RunningGateway, key: string, asked: Question): Promise<Answered> {
  const { question, options } = asked
  const started = performance.now()
  const messages = [{ role: 'user', content: question }]
  const request = { model: MODEL, messages, options, stream: false }
  const response = await send(gateway, key, { path: '/api/chat', body: request })
  const body = (await response.json()) as Answered['body']
  return { ...asked, response, body, milliseconds: Math.round(performance.now() - started) }
}

interface Sent {
  readonly path: string
  readonly body?: object
}

function send({ url }: RunningGateway, key: string, { path, body }: Sent): Promise<Response> {
  return fetch(url + path, {
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(PATIENCE_MS),
  })
}

function tell(say: Say, { question, response, body, milliseconds }: Answered): void {
  const facts = [
    `${response.status}`,
    question.padEnd(20),
    ...(response.ok ? [`${body.eval_count} tokens`.padEnd(10), `${milliseconds} ms`.padStart(7)] : []),
    ...['corral-cache', 'retry-after', 'x-ratelimit-remaining-requests'].flatMap((name) => {
      const value = response.headers.get(name)
      return value === null || value === 'bypass' ? [] : [`${name}: ${value}`]
    }),
  ]
  say(`  ${facts.join('  ')}`)
  if (body.error !== undefined) say(`       ${body.error}`)
}
