import { spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { cleanEnvironment } from '../harness/clean-environment.ts'

export interface Way {
  readonly program: string
  readonly args: readonly string[]
  /** The clone. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly readyMs: number
}

export interface StartedWay {
  /** All it has said, on either stream. */
  said(): string
  stop(): void
  readonly exited: Promise<unknown>
  /** Rejects when it ends: what has ended need not be waited for. */
  readonly early: Promise<never>
}

/** The program as a process of its own, which ends with the test. */
export function startWay({ program, args, folder, env }: Omit<Way, 'readyMs'>): StartedWay {
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...cleanEnvironment(), ...env },
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
  // Whoever waits for something else by then does not listen.
  early.catch(() => {})
  return { said: () => said, stop: () => void child.kill('SIGTERM'), exited, early }
}
