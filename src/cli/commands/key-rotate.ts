import { InvalidArgumentError, type Command } from 'commander'
import { DEFAULT_OVERLAP_SECONDS } from '../../admin/key-schemas.ts'
import { parseDuration } from '../../lib/duration.ts'
import { withKeyDesk } from '../keys/key-desk.ts'
import { addKeyDeskOptions, toSeconds, type StoreOptions } from '../options.ts'
import { describeKey } from '../present-key.ts'
import { localTime } from '../print-list.ts'
import type { Terminal } from '../terminal.ts'

interface RotateOptions extends StoreOptions {
  /** Milliseconds. */
  readonly overlap?: number
}

const MAX_OVERLAP_MS = 90 * 24 * 60 * 60 * 1000

export function keyRotate(command: Command, terminal: Terminal): void {
  addKeyDeskOptions(command.argument('<key>', 'its name or its id'))
    .option(
      '--overlap <duration>',
      'how long the old secret works too; 0s ends it, and what runs with it, at once (default: 24h)',
      parseOverlap,
    )
    .usage('<key> [options]')
    .action(async (nameOrId: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<RotateOptions>()
      const { overlap } = options
      const overlap_seconds = overlap === undefined ? DEFAULT_OVERLAP_SECONDS : toSeconds(overlap)
      const key = await withKeyDesk(terminal, options, (desk) => desk.rotate({ key: nameOrId, overlap_seconds }))
      const old = key.old_secret_until
      const end = old === null ? 'opens nothing any more' : `works until ${localTime(old)}`
      terminal.say(`${describeKey(key)}. The old secret ${end}; the new one is shown this once:`)
      terminal.print(key.secret)
    })
}

function parseOverlap(value: string): number {
  const milliseconds = parseDuration(value)
  if (milliseconds !== undefined && milliseconds % 1000 === 0 && milliseconds <= MAX_OVERLAP_MS) return milliseconds
  throw new InvalidArgumentError('It must be a duration of whole seconds up to 90d, such as 24h; 0s is none.')
}
