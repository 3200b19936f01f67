import { spawn } from 'node:child_process'
import { cleanEnvironment } from './clean-environment.ts'
import { MAIN, productCommand, type ProductCommand } from './product-command.ts'

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
  /** A program, with its arguments, that becomes this one: what to run follows. */
  readonly through?: readonly string[]
}

/** A program run to its end, in its folder, without the environment of the machine: the product on its runtime. */
export function runCommand(program: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const command = program === MAIN ? productCommand(args) : onThisNode(program, args)
    const [first = '', ...rest] = [...(options.through ?? []), command.program, ...command.args]
    const child = spawn(first, rest, {
      cwd: options.folder,
      env: { ...cleanEnvironment(), ...command.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}

function onThisNode(program: string, args: readonly string[]): ProductCommand {
  return { program: process.execPath, args: [program, ...args], env: {} }
}
