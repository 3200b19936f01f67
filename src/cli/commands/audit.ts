import type { Command } from 'commander'
import { listAuditRoute, type AuditView } from '../../admin/audit.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, parseDurationOption, toSeconds, type StoreOptions } from '../options.ts'
import { localTime, printList } from '../print-list.ts'
import type { Terminal } from '../terminal.ts'

interface AuditOptions extends StoreOptions {
  /** Milliseconds. */
  readonly since?: number
  readonly json?: boolean
}

export function audit(command: Command, terminal: Terminal): void {
  addStoreOptions(command)
    .option('--since <duration>', 'only what is not older, such as 7d (default: the newest 1000)', parseDurationOption)
    .option('--json', 'print a JSON array')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<AuditOptions>()
      const input =
        options.since === undefined ? { limit: 1000 } : { limit: 10_000, since_seconds: toSeconds(options.since) }
      const entries = await withAdministration(terminal, options, (administration) =>
        administration.call(listAuditRoute, { input }),
      )
      printList(terminal, entries, {
        json: options.json ?? false,
        columns: {
          TIME: (entry) => localTime(entry.at),
          WHO: (entry) => (entry.user === null ? 'at the machine' : `${entry.user} by ${entry.key}`),
          ACTION: (entry) => entry.action,
          ON: (entry) => entry.subject,
          DETAIL: detailText,
        },
        empty: 'Nothing was changed yet',
      })
    })
}

function detailText({ detail }: AuditView): string {
  return Object.entries(detail)
    .filter(([name]) => name !== 'id')
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}
