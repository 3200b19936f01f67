import type { Command } from 'commander'
import { addSshKeyRoute } from '../../admin/keys.ts'
import { isEntityName } from '../../lib/entity-name.ts'
import { addLimitOption, type LimitOptions } from '../limit-options.ts'
import { withAdministration } from '../with-administration.ts'
import { CommandFailure } from '../command-failure.ts'
import { addStoreOptions, addTermsOptions, termsOf, type StoreOptions, type TermsOptions } from '../options.ts'
import { describeKey } from '../present-key.ts'
import { readInput } from '../read-input.ts'
import type { Terminal } from '../terminal.ts'

interface AddSshOptions extends StoreOptions, TermsOptions, LimitOptions {
  readonly user: string
  readonly name?: string
}

export function keyAddSsh(command: Command, terminal: Terminal): void {
  const given = command.argument('<file>', 'public key such as ~/.ollama/id_ed25519.pub, or - for stdin')
  addStoreOptions(addLimitOption(addTermsOptions(given), 'this key'))
    .option('--user <name>', 'whose key it is', 'admin')
    .option('--name <name>', "what the key is called (default: the public key's comment)")
    .usage('<file> [options]')
    .action(async (file: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<AddSshOptions>()
      const publicKey = onlyLine(await readInput(terminal, file), file)
      const input = {
        name: options.name ?? nameOf(publicKey),
        user: options.user,
        public_key: publicKey,
        limits: options.limit,
        ...termsOf(options),
      }
      const key = await withAdministration(terminal, options, (administration) =>
        administration.call(addSshKeyRoute, { input }),
      )
      terminal.say(`${describeKey(key)}. The ollama CLI signs with it when OLLAMA_AUTH=1 is set`)
      terminal.print(key.id)
    })
}

function onlyLine(text: string, file: string): string {
  if (text.includes('PRIVATE KEY'))
    throw new CommandFailure(`${file} is a private key, which stays where it is: give its .pub file`)
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const [line] = lines
  if (line === undefined || lines.length > 1)
    throw new CommandFailure(`${file} holds ${lines.length} lines: give one public key at a time`)
  return line.trim()
}

function nameOf(publicKey: string): string {
  const [, encoded = '', comment = ''] = publicKey.split(/\s+/, 3)
  return isEntityName(comment) ? comment : `ssh-${encoded.slice(-8).replaceAll(/[^A-Za-z0-9]/g, '-')}`
}
