import { createInterface } from 'node:readline'
import { CommandFailure } from '../command-failure.ts'
import type { Terminal } from '../terminal.ts'

/** Asks the person at the keyboard; where there is none, says what to give in place of an answer. */
export async function confirm(terminal: Terminal, question: string): Promise<boolean> {
  const { stdin, stderr } = terminal.host
  if (!stdin.isTTY) throw new CommandFailure(`${question} There is no terminal to ask in: give --yes`, { exitCode: 2 })
  const lines = createInterface({ input: stdin, output: stderr })
  const answer = await new Promise<string>((resolve) => {
    lines.once('close', () => resolve(''))
    lines.question(`${question} [y/N] `, resolve)
  })
  lines.close()
  return /^y(es)?$/i.test(answer.trim())
}
