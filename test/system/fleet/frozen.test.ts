import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import type { CountersSnapshot } from '../../fakes/fake-ollama/counters.ts'
import { cleanEnvironment } from '../harness/clean-environment.ts'
import { readStream } from '../harness/stream-client.ts'
import { chatsAt, eventually, startRoutedFleet, upstreamOf } from './routed-fleet.ts'

const program = fileURLToPath(new URL('../../fakes/fake-ollama/main.ts', import.meta.url))

/** An upstream in a process of its own, which can be stopped as a machine that freezes. */
interface FrozenFake {
  readonly url: string
  readonly process: ChildProcess
  chats(): Promise<number>
}

async function startProcess(...options: readonly string[]): Promise<FrozenFake> {
  const child = spawn(process.execPath, [program, '--until-stdin-ends', ...options], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: cleanEnvironment(),
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const urls: string[] = []
  for await (const line of createInterface(child.stdout)) {
    urls.push(line.split(' ').at(-1) ?? '')
    if (urls.length === 2) break
  }
  const [url = '', control = ''] = urls
  return {
    url,
    process: child,
    async chats() {
      const snapshot = (await (await fetch(`${control}/__fake/counters`)).json()) as CountersSnapshot
      return snapshot.requests['POST /api/chat'] ?? 0
    },
  }
}

it('what waits at an upstream that freezes is answered by another, and what streams there stays', async () => {
  // A load of `cold` takes half an hour there: longer than anybody here waits.
  const loads = ['--load-bytes-per-second', '1000', '--tokens-per-second', '20', '--parallel', '4']
  const frozen = await startProcess(...loads, '--model', 'warm=1', '--model', 'cold=1800000')
  const models = [{ name: 'cold' }, { name: 'spare' }]
  const fleet = await startRoutedFleet({ b: { fake: { models }, config: { priority: 2, slots: 4 } } })
  await fleet.reload([{ name: 'a', url: frozen.url, priority: 1, slots: 4 }, fleet.entryOf('b')])
  await eventually(async () => {
    const { upstreams } = await fleet.status()
    expect(upstreams.map(({ name, state }) => [name, state])).toEqual([
      ['a', 'up'],
      ['b', 'up'],
    ])
  })

  const streaming = await startStreaming(fleet.gateway, 'warm')
  const waiting = fleet.chat('cold', { tokens: 4 })
  await eventually(async () => expect(await frozen.chats()).toBe(2))
  frozen.process.kill('SIGSTOP')

  const answer = await waiting
  expect([answer.status, upstreamOf(answer), answer.ending]).toEqual([200, 'b', 'complete'])

  const before = streaming.chunks()
  frozen.process.kill('SIGCONT')
  await eventually(() => expect(streaming.chunks()).toBeGreaterThan(before))
  expect([await frozen.chats(), chatsAt(fleet.fakes.b)]).toEqual([2, 1])
})

/** A chat that goes on until the test ends; its first bytes have come. */
async function startStreaming(
  gateway: { readonly url: string; readonly adminKey: string },
  model: string,
): Promise<{ chunks(): number }> {
  const client = new AbortController()
  onTestFinished(() => client.abort())
  let chunks = 0
  const reading = readStream(`${gateway.url}/api/chat`, {
    headers: { authorization: `Bearer ${gateway.adminKey}` },
    body: { model, messages: [{ role: 'user', content: 'go on' }], options: { num_predict: 1_000_000 } },
    signal: client.signal,
    onChunk: () => void (chunks += 1),
  })
  reading.catch(() => undefined)
  await eventually(() => expect(chunks).toBeGreaterThan(0))
  return { chunks: () => chunks }
}
