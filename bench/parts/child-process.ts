import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Program extends AsyncDisposable {
  readonly pid: number
  /** Each line of its stdout, once. */
  readonly lines: AsyncIterator<string>
  nextLine(): Promise<string>
}

/** A program of the bench as a process of its own; it ends with its scope. */
export function startProgram(command: string, args: readonly string[]): Program {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    pid: child.pid ?? 0,
    lines,
    async nextLine() {
      const next = await lines.next()
      if (next.done === true) throw new Error(`${command} ${args[0] ?? ''} ended without a word`)
      return next.value
    },
    [Symbol.asyncDispose]: () => endProcess(child),
  }
}

/** A program run to its end; its stdout. */
export async function runProgram(command: string, args: readonly string[]): Promise<string> {
  await using program = startProgram(command, args)
  const lines: string[] = []
  for (let next = await program.lines.next(); next.done !== true; next = await program.lines.next())
    lines.push(next.value)
  return lines.join('\n')
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await exited
}
