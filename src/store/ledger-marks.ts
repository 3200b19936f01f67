import type { DatabaseSync } from 'node:sqlite'

/** Who writes a ledger: a process, of which there may be several on one store. */
export interface LedgerOwner {
  /** Of this start of the process. */
  readonly instance: string
  readonly pid: number
  readonly host: string
}

/** What the ledger notes about itself beside its rows, in the same transactions. */
export interface LedgerMarks {
  /** Of the last group of this owner that was written; 0 before the first. */
  lastGroup(): number
  noteGroup(number: number): void
  /** Adds to the rows that were never written, over all starts. */
  noteLost(rows: number): void
  /** Removes the marks of owners that ended without closing, and says how many there were. */
  takeUnclosed(isRunning: (owner: LedgerOwner) => boolean): number
  close(): void
}

const PREFIX = 'ledger:'
const LOST = 'ledger lost'

export function prepareLedgerMarks(database: DatabaseSync, owner: LedgerOwner): LedgerMarks {
  const name = PREFIX + owner.instance
  const read = database.prepare('SELECT value FROM marks WHERE name = ?')
  const write = database.prepare(
    'INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
  )
  const remove = database.prepare('DELETE FROM marks WHERE name = ?')
  const others = database.prepare(`SELECT name, value FROM marks WHERE name LIKE '${PREFIX}%' AND name <> ?`)
  return {
    lastGroup: () => parseMark(read.get(name)?.['value'])?.group ?? 0,
    noteGroup: (group) => void write.run(name, JSON.stringify({ ...owner, group })),
    noteLost(rows) {
      if (rows > 0) write.run(LOST, String(readLost(database) + rows))
    },
    takeUnclosed(isRunning) {
      const marks = others.all(name).map((row) => ({ name: String(row['name']), mark: parseMark(row['value']) }))
      const unclosed = marks.filter(({ mark }) => mark === undefined || !isRunning(mark))
      for (const each of unclosed) remove.run(each.name)
      return unclosed.length
    },
    close: () => void remove.run(name),
  }
}

/** How many rows were never written, over all starts. */
export function readLost(database: DatabaseSync): number {
  return Number(database.prepare('SELECT value FROM marks WHERE name = ?').get(LOST)?.['value'] ?? 0)
}

function parseMark(value: unknown): (LedgerOwner & { readonly group: number }) | undefined {
  try {
    const mark: unknown = JSON.parse(String(value))
    if (typeof mark !== 'object' || mark === null) return undefined
    const { instance, pid, host, group } = mark as Record<string, unknown>
    const isWhole = typeof instance === 'string' && typeof pid === 'number' && typeof host === 'string'
    return isWhole && typeof group === 'number' ? { instance, pid, host, group } : undefined
  } catch {
    return undefined
  }
}
