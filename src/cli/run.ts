import { CommanderError } from 'commander'
import { ConfigError } from '../config/config-error.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { CommandFailure } from './command-failure.ts'
import { createProgram } from './program.ts'
import { createTerminal, type Host, type Terminal } from './terminal.ts'

/** Runs the command that `argv` names and returns the exit code. */
export async function run(host: Host): Promise<number> {
  const terminal = createTerminal(host)
  try {
    await createProgram(terminal).parseAsync(host.argv.slice(2), { from: 'user' })
    return 0
  } catch (error) {
    return report(error, terminal)
  }
}

function report(error: unknown, terminal: Terminal): number {
  // Commander has said its sentence already; everything it objects to is bad usage.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof ConfigError) {
    for (const problem of error.problems) terminal.say(`corral: ${problem}`)
    return 1
  }
  if (error instanceof GatewayError) {
    terminal.say(`corral: ${error.message}${advice[error.code] ?? ''}`)
    return 1
  }
  if (error instanceof CommandFailure || isSystemError(error)) {
    terminal.say(`corral: ${error.message}`)
    return error instanceof CommandFailure ? error.exitCode : 1
  }
  terminal.say('corral: This is a fault in Corral itself, please report it with these lines:')
  terminal.say(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return 1
}

/** What to do about it at the keyboard, where the message does not say. */
const advice: Partial<Record<ErrorCode, string>> = {
  not_found: ' ("corral user list" and "corral key list" say what there is)',
  name_taken: ': choose another name',
  wrong_credential: ': give --key, or CORRAL_KEY, a key of this gateway',
  missing_scope: ': use a key that may, or run the command beside the gateway without --server',
  model_denied: ': use a key that may, or run the command beside the gateway without --server',
  throttled: ': wait, and check the key',
}

/** A file, a socket or a database said no: its message tells the person what to do, its stack does not. */
function isSystemError(error: unknown): error is Error {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return false
  return error.code === 'ERR_SQLITE_ERROR' || !error.code.startsWith('ERR_')
}
