import { execFile, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { tempFolder } from '../../fakes/temp-folder.ts'

export interface GatewayProcess {
  readonly url: string
  /** May do everything with every model, but administer. */
  readonly key: string
  /** From spawn to the ready line. */
  readonly readyAfterMs: number
  /** Runs a command of the CLI on the same config; gives what it printed. */
  corral(...args: string[]): Promise<string>
  /** Waits until the log has said it `times` times since the start. */
  logged(pattern: RegExp, times?: number): Promise<void>
}

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
const READY = /^corral ready (http:\/\/\S+)$/m

/** The real thing: `corral serve` in a folder of its own, with the given config, gone with the running test. */
export async function startGatewayProcess(config: object): Promise<GatewayProcess> {
  const folder = tempFolder()
  const file = join(folder, 'corral.json')
  writeFileSync(file, JSON.stringify({ ...config, store: { url: `sqlite:${join(folder, 'corral.db')}` } }))
  const key = 'a-token-of-the-fleet-tests'
  const options = { cwd: folder, env: { PATH: process.env['PATH'], AUTH_TOKEN: key } }
  const corral = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...args, '--config', file], options)
    return stdout.trim()
  }

  const startedAt = performance.now()
  const child = spawn(process.execPath, [main, 'serve', '--config', file, '--listen', '127.0.0.1:0'], options)
  const closed = new Promise((resolve) => child.once('close', resolve))
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await closed
  })
  const output = createOutput()
  child.stdout.on('data', output.add)
  child.stderr.on('data', output.add)
  await output.said(READY)
  const readyAfterMs = performance.now() - startedAt
  const url = READY.exec(output.text())?.[1] ?? ''
  return { url, key, readyAfterMs, corral, logged: output.said }
}

interface Output {
  add(chunk: Buffer): void
  text(): string
  said(pattern: RegExp, times?: number): Promise<void>
}

function createOutput(): Output {
  let text = ''
  const listeners = new Set<() => void>()
  return {
    add(chunk) {
      text += chunk.toString()
      for (const listener of listeners) listener()
    },
    text: () => text,
    said(pattern, times = 1) {
      const every = new RegExp(pattern, `${pattern.flags.replace('g', '')}g`)
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${String(pattern)} was not said:\n${text}`)), 15_000)
        const look = (): void => {
          if ((text.match(every)?.length ?? 0) < times) return
          clearTimeout(timer)
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        look()
      })
    },
  }
}
