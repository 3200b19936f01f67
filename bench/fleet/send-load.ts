import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SimulatedRequest } from '../routing/workload.ts'
import { createConversationTexts, type Message } from './conversation-texts.ts'
import type { RunningFleet } from './fleet-processes.ts'

/** What became of one request, in milliseconds of the fleet's time. */
export interface LoadOutcome {
  readonly request: SimulatedRequest
  readonly status: number
  /** The gateway's code, where it refused. */
  readonly error: string | null
  readonly upstream: string | null
  /** From when it was due. */
  readonly firstTokenMs: number
  readonly endMs: number
  /** How late the driver itself was. */
  readonly lateMs: number
}

interface Sent {
  readonly request: SimulatedRequest
  readonly dueAt: number
  readonly messages: readonly Message[]
}

/** Sends each request when it is due, whatever became of those before it. */
export async function sendLoad(
  fleet: Pick<RunningFleet, 'url' | 'keys'>,
  requests: readonly SimulatedRequest[],
  speed: number,
): Promise<readonly LoadOutcome[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity })
  const texts = createConversationTexts()
  const startedAt = performance.now()
  const outcomes: Promise<LoadOutcome>[] = []
  for (const each of requests) {
    const dueAt = startedAt + each.atMs / speed
    const ms = dueAt - performance.now()
    if (ms > 0) await sleep(ms)
    const sent = { request: each, dueAt, messages: texts.messagesOf(each) }
    const answered = (text: string): void => texts.answered(each, text)
    outcomes.push(exchange({ ...fleet, agent, speed, answered }, sent))
  }
  const all = await Promise.all(outcomes)
  agent.destroy()
  return all
}

interface Line {
  readonly url: string
  readonly keys: readonly string[]
  readonly agent: Agent
  readonly speed: number
  answered(text: string): void
}

function exchange(line: Line, { request: asked, dueAt, messages }: Sent): Promise<LoadOutcome> {
  const since = (): number => (performance.now() - dueAt) * line.speed
  const lateMs = since()
  const headers = { authorization: `Bearer ${line.keys[asked.user] ?? ''}`, 'content-type': 'application/json' }
  const body = { model: asked.model, messages, options: { num_predict: asked.answerTokens } }
  return new Promise((resolve, reject) => {
    const outgoing = request(`${line.url}/api/chat`, { method: 'POST', headers, agent: line.agent })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      let firstTokenMs = 0
      response.on('error', reject)
      response.on('data', (chunk: Buffer) => {
        if (chunks.length === 0) firstTokenMs = since()
        chunks.push(chunk)
      })
      response.on('end', () => {
        const status = response.statusCode ?? 0
        const { 'corral-upstream': upstream, 'corral-error': code } = response.headers
        if (status === 200) line.answered(answerIn(Buffer.concat(chunks).toString('utf8')))
        const named = { upstream: textOf(upstream), error: textOf(code) }
        resolve({ request: asked, status, ...named, firstTokenMs, endMs: since(), lateMs })
      })
    })
    outgoing.end(JSON.stringify(body))
  })
}

function textOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null
}

function answerIn(stream: string): string {
  const lines = stream.trimEnd().split('\n')
  return lines.map((line) => (JSON.parse(line) as { message?: Message }).message?.content ?? '').join('')
}
