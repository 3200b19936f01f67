import { spawn } from 'node:child_process'
import { cleanEnvironment } from './clean-environment.ts'
import { MAIN, productCommand, type ProductCommand } from './product-command.ts'

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program run to its end, in its folder, without the environment of the machine: the product on its runtime. */
export function runCommand(
  program: string,
  args: readonly string[],
  options: { readonly folder: string; readonly env?: Readonly<Record<string, string>> },
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const command = program === MAIN ? productCommand(args) : onThisNode(program, args)
    const child = spawn(command.program, command.args, {
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
