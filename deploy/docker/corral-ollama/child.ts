import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Variables } from './settings.ts'

export interface Ending {
  /** As a shell tells it: 128 and the signal's number where a signal ended it, 127 where the program is missing. */
  readonly code: number
  readonly how: string
}

export interface Child {
  readonly name: string
  readonly ended: Promise<Ending>
  send(signal: NodeJS.Signals): void
  /** Ends it and whatever it started, at once. */
  sweep(): void
}

/** A program from PATH, in a process group of its own; what it writes goes where ours goes. */
export function startChild(name: string, programArguments: readonly string[], env: Variables): Child {
  // Of its own, so that what an Ollama that was killed leaves behind can be found.
  const child = spawn(name, programArguments, {
    env: { ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  })
  const ended = new Promise<Ending>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return
      const why = error.code === 'ENOENT' ? 'is not in PATH' : `cannot be started: ${error.message}`
      resolve({ code: 127, how: why })
    })
    child.once('exit', (code, signal) => {
      if (signal === null) resolve({ code: code ?? 1, how: `ended with exit code ${code ?? 1}` })
      else resolve({ code: 128 + constants.signals[signal], how: `was ended by ${signal}` })
    })
  })
  return {
    name,
    ended,
    send: (signal) => void child.kill(signal),
    sweep() {
      if (child.pid === undefined) return
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // Nobody of the group is left.
      }
    },
  }
}
