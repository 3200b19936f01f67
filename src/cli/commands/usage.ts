import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseFields, usageRoute } from '../../admin/usage.ts'
import { type UsageField, usageFields, type UsageQuery, type UsageRow } from '../../ledger/usage.ts'
import { isCalendarDay } from '../../lib/calendar-day.ts'
import { parseDuration } from '../../lib/duration.ts'
import { loadSettings } from '../load-settings.ts'
import { addStoreOptions, type StoreOptions } from '../options.ts'
import { renderTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { usageCsv } from '../usage/usage-csv.ts'
import { usageTable } from '../usage/usage-table.ts'

interface UsageOptions extends StoreOptions {
  readonly by?: readonly UsageField[]
  /** Milliseconds since the epoch. */
  readonly since?: number
  readonly csv?: boolean
  readonly json?: boolean
}

export function usage(command: Command, terminal: Terminal): void {
  addStoreOptions(command)
    .addOption(
      new Option(
        '--by <field...>',
        `sums for each ${usageFields.join(', ')}; several with commas (default: user)`,
      ).argParser(addFields),
    )
    .option(
      '--since <time>',
      'from when on: 7d, 12h or a day (UTC) such as 2026-11-01 (default: all that is kept)',
      parseSince,
    )
    .addOption(new Option('--csv', 'print comma separated values').conflicts('json'))
    .option('--json', 'print a JSON array')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<UsageOptions>()
      const query = { by: options.by ?? (['user'] as const), since: options.since ?? null }
      print(terminal, await read(terminal, options, query), { ...options, by: query.by })
    })
}

/**
 * Without a server the store is read, whether or not a gateway runs on it. What only the other way needs is not loaded:
 * that takes as long as the reading.
 */
async function read(terminal: Terminal, options: UsageOptions, query: UsageQuery): Promise<readonly UsageRow[]> {
  if (options.server === undefined) {
    const { settings } = await loadSettings(terminal, options)
    const { readLedger } = await import('../../store/read-ledger.ts')
    const { rows, lost } = readLedger(settings.store.url, query, terminal.cwd)
    if (lost > 0) terminal.say(`These sums lack ${lost} exchanges, which could not be written when they were over`)
    return rows
  }
  const since = query.since === null ? {} : { since: new Date(query.since).toISOString() }
  const input = { by: query.by.join(','), ...since }
  const { withAdministration } = await import('../with-administration.ts')
  const rows = await withAdministration(terminal, options, (administration) =>
    administration.call(usageRoute, { input }),
  )
  // The times are the console's.
  return rows.map(({ queue_ms: _queue, first_token_ms: _first, ...row }) => row)
}

function print(
  terminal: Terminal,
  rows: readonly UsageRow[],
  { by, csv, json }: Required<Pick<UsageOptions, 'by'>> & UsageOptions,
): void {
  if (json) return terminal.print(JSON.stringify(rows, null, 2))
  if (csv) return usageCsv(rows, by).forEach((line) => terminal.print(line))
  if (rows.length === 0)
    return terminal.say('Nothing was used: requests that go through the gateway are here a second after they are over')
  const style = (text: string, { row }: { row: number }): string =>
    row === 0 ? terminal.style('bold', text, 'stdout') : text
  for (const line of renderTable(usageTable(rows, by), style)) terminal.print(line)
}

function addFields(value: string, previous: readonly UsageField[] = []): readonly UsageField[] {
  const fields = parseFields(value)
  if (fields === undefined) throw new InvalidArgumentError(`It must be some of ${usageFields.join(', ')}.`)
  return [...new Set([...previous, ...fields])]
}

function parseSince(value: string): number {
  const ago = parseDuration(value)
  if (ago !== undefined && ago > 0) return Date.now() - ago
  if (!isCalendarDay(value))
    throw new InvalidArgumentError('It must be a duration such as 7d or 12h, or a day such as 2026-11-01.')
  return Date.parse(`${value}T00:00:00Z`)
}
