import { spawn } from 'node:child_process'
import { expect, onTestFinished, vi } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { cleanEnvironment } from '../harness/clean-environment.ts'
import { readStream } from '../harness/stream-client.ts'

export interface Way {
  readonly program: string
  readonly args: readonly string[]
  /** The clone. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly readyMs: number
}

/** What everybody does first: start it, take the key, chat, stop it. Returns what was said on the way. */
export async function walkThrough(way: Way): Promise<string> {
  await using fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
  const child = spawn(way.program, way.args, {
    cwd: way.folder,
    env: { ...cleanEnvironment(), OLLAMA_HOST: fake.url, ...way.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, because a program may stand between that is killed alone.
    detached: true,
  })
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // It has stopped, as it should.
    }
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => void (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (said += chunk.toString()))
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
  const early = exited.then((code) => {
    throw new Error(`it has ended with ${String(code)}:\n${said}`)
  })
  const ready = vi.waitFor(
    () => {
      const found = /^corral ready (http\S+)$/m.exec(said)?.[1]
      if (found === undefined) throw new Error(`the gateway is not ready:\n${said}`)
      return found
    },
    { timeout: way.readyMs, interval: 50 },
  )
  // What has ended will not be ready.
  const url = await Promise.race([ready, early])
  early.catch(() => {})
  const key = /\bcrl_[0-9A-Za-z_]{20,}/.exec(said)?.[0] ?? ''
  const body = { model: 'tiny', messages: [{ role: 'user', content: 'hello' }], options: { num_predict: 5 } }
  const headers = { authorization: `Bearer ${key}` }
  const answer = await readStream(`${url}/api/chat`, { headers, body })
  expect(answer).toMatchObject({ status: 200, ending: 'complete', rest: '' })
  expect(answer.events.at(-1)?.text).toContain('"done":true')
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
  await expect(fetch(url)).rejects.toThrow('fetch failed')
  return said
}
