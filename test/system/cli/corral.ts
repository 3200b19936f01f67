import { spawn } from 'node:child_process'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { cleanEnvironment } from '../harness/clean-environment.ts'
import { MAIN, productCommand } from '../harness/product-command.ts'
import { runCommand, type CommandResult } from '../harness/run-command.ts'
import { readStream, type StreamRequest, type StreamResult } from '../harness/stream-client.ts'

export interface Corral {
  (...args: string[]): Promise<CommandResult>
  readonly folder: string
  /** The same with something on stdin. */
  fed(input: string, ...args: string[]): Promise<CommandResult>
  /** What a command that must succeed has printed, as JSON. */
  json(...args: string[]): Promise<Record<string, unknown>[]>
}

/** The real CLI in a folder of its own. */
export function corralIn(folder: string = tempFolder(), env: Readonly<Record<string, string>> = {}): Corral {
  const run = (...args: string[]): Promise<CommandResult> => runCommand(MAIN, args, { folder, env })
  return Object.assign(run, {
    folder,
    fed: (input: string, ...args: string[]) => feed(input, args, folder),
    json: async (...args: string[]) => {
      const { code, stdout, stderr } = await run(...args, '--json')
      if (code !== 0 && stdout === '') throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)
      return JSON.parse(stdout) as Record<string, unknown>[]
    },
  })
}

function feed(input: string, args: readonly string[], folder: string): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const command = productCommand(args)
    const child = spawn(command.program, command.args, { cwd: folder, env: { ...cleanEnvironment(), ...command.env } })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.end(input)
  })
}

/** A stream that is under way: its first chunk has come. */
export async function underway(
  url: string,
  request: StreamRequest,
): Promise<{ readonly result: Promise<StreamResult> }> {
  let begun = (): void => {}
  const first = new Promise<void>((resolve) => (begun = resolve))
  const result = readStream(url, { ...request, onChunk: () => begun() })
  await Promise.race([first, result])
  return { result }
}
