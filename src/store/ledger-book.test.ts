import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import { groupOf as groupOfEntries } from '../ledger/__fixtures__/group-of.ts'
import { ledgerEntry, NOON } from '../ledger/__fixtures__/ledger-entry.ts'
import type { LedgerEntry } from '../ledger/ledger-entry.ts'
import type { LedgerGroup } from '../ledger/ledger-group.ts'
import { createLedgerBook, type LedgerBook } from './ledger-book.ts'
import { openStore } from './open-store.ts'
import { readLedger, readLedgerTotals } from './read-ledger.ts'

const DAY_MS = 86_400_000
const terms = { retentionMs: 90 * DAY_MS, rollupAfterMs: 7 * DAY_MS }

interface Place {
  readonly path: string
  readonly url: string
  bookOf(instance: string, pid?: number): LedgerBook
  /** What a question finds, read beside whoever writes. */
  read(sql: string): Record<string, unknown>[]
}

async function setUp(): Promise<Place> {
  const folder = tempFolder()
  const path = join(folder, 'corral.db')
  const url = `sqlite:${path}`
  const store = await openStore(url)
  onTestFinished(() => store.close())
  return {
    path,
    url,
    bookOf(instance, pid = 2 ** 30) {
      const book = createLedgerBook({ path, owner: { instance, pid, host: 'here' }, ...terms })
      onTestFinished(() => void book.close())
      return book
    },
    read(sql) {
      const database = new DatabaseSync(path, { readOnly: true })
      const rows = database.prepare(sql).all()
      database.close()
      return rows.map((row) => ({ ...row }))
    },
  }
}

let groups = 0

function groupOf(entries: readonly Partial<LedgerEntry>[], lost = 0, number = (groups += 1)): LedgerGroup {
  return groupOfEntries(
    entries.map((change) => ledgerEntry(change)),
    { number, lost },
  )
}

const DONE = { kind: 'done', value: null }

describe('a book', () => {
  it('has one row for each exchange', async () => {
    const { bookOf, read } = await setUp()
    expect(bookOf('a').write(groupOf([{}, { id: 'req_2', user: 'bob', keyId: null, upstream: null }]))).toEqual(DONE)
    expect(read('SELECT * FROM exchanges')).toEqual([
      {
        id: 1,
        exchange: 'req_1',
        at: NOON,
        user: 'ann',
        key_id: 'key_1',
        key_name: 'laptop',
        route: '/api/chat',
        dialect: 'ollama',
        model_asked: 'llama3:latest',
        model: 'llama3:latest',
        upstream: 'gpu-1',
        agent: null,
        attempts: 1,
        status: 200,
        ending: 'complete',
        error: null,
        cache: null,
        bytes_in: 10,
        bytes_out: 2000,
        prompt_tokens: 7,
        completion_tokens: 20,
        cached_tokens: null,
        queue_ms: 0.5,
        load_ms: null,
        first_token_ms: 12,
        total_ms: 34.57,
        cost: 0.5,
        user_id: 'user_1',
      },
      expect.objectContaining({ id: 2, exchange: 'req_2', user: 'bob', key_id: null, upstream: null }),
    ])
  })

  it('keeps the sums of each day in step with the rows, over the end of a day inside a group', async () => {
    const { bookOf, read } = await setUp()
    const book = bookOf('a')
    const midnight = Math.ceil(NOON / DAY_MS) * DAY_MS
    const times = [midnight - 2, midnight - 1, midnight, midnight - 1, midnight + 1].map((time) => ({ time }))
    book.write(groupOf([...times, { user: 'bob', promptTokens: null }]))
    book.write(groupOf([{}, { status: 404, ending: 'refused' }, { status: 499, ending: 'client-gone' }]))
    book.write(groupOf([{ ending: 'upstream-failed' }, { status: 500 }]))
    expect(
      read('SELECT day, user, requests, errors, prompt_tokens AS p, cost FROM usage_days ORDER BY day, user'),
    ).toEqual([
      { day: '2026-11-20', user: 'ann', requests: 8, errors: 3, p: 56, cost: 4 },
      { day: '2026-11-20', user: 'bob', requests: 1, errors: 0, p: 0, cost: 0.5 },
      { day: '2026-11-21', user: 'ann', requests: 2, errors: 0, p: 14, cost: 1 },
    ])
  })

  it('does not write a group twice, whoever has lost the word of it', async () => {
    const { bookOf, read, url } = await setUp()
    const [first, second] = [bookOf('a'), bookOf('b')]
    const group = groupOf([{}], 3, 1)
    for (let i = 0; i < 3; i++) expect(first.write(group)).toEqual(DONE)
    expect(second.write(groupOf([{}], 4, 1))).toEqual(DONE)
    expect(read('SELECT count(*) AS rows FROM exchanges')).toEqual([{ rows: 2 }])
    expect(readLedger(url, { by: [], since: null }).lost).toBe(7)
  })

  it('tells of those before it that were not closed, once, and not of one that runs', async () => {
    const { bookOf } = await setUp()
    bookOf('killed').write(groupOf([{}]))
    const closed = bookOf('closed')
    closed.write(groupOf([{}]))
    closed.close()
    bookOf('running', process.ppid).write(groupOf([{}]))
    expect(bookOf('next').open()).toEqual({ kind: 'done', value: 1 })
    expect(bookOf('last', process.ppid + 2 ** 28).open()).toEqual({ kind: 'done', value: 1 })
  })
})

describe('a book whose database is in trouble', () => {
  it('writes nothing while another process holds it, and all of it after that', async () => {
    const { path, bookOf, read } = await setUp()
    const book = bookOf('a')
    book.open()
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const group = groupOf([{}, {}])
    expect(book.write(group)).toEqual({ kind: 'failed', problem: 'another process holds it; try again' })
    other.exec('COMMIT')
    other.close()
    expect(book.write(group)).toEqual(DONE)
    expect(read('SELECT count(*) AS rows FROM exchanges')).toEqual([{ rows: 2 }])
  })

  it('writes nothing into a file that was deleted, makes none, and goes on when it is back', async () => {
    const { path, bookOf, read } = await setUp()
    const book = bookOf('a')
    expect(book.write(groupOf([{}]))).toEqual(DONE)
    renameSync(path, `${path}.away`)
    const group = groupOf([{ id: 'late' }])
    for (let i = 0; i < 2; i++)
      expect(book.write(group)).toEqual({ kind: 'failed', problem: `the file "${path}" is gone; put it back` })
    expect(existsSync(path)).toBe(false)
    renameSync(`${path}.away`, path)
    expect(book.write(group)).toEqual(DONE)
    expect(read('SELECT exchange FROM exchanges')).toEqual([{ exchange: 'req_1' }, { exchange: 'late' }])
  })

  it('notices a file that was damaged under it', async () => {
    const { path, bookOf } = await setUp()
    const book = bookOf('a')
    book.write(groupOf([{}]))
    writeFileSync(path, 'no database at all'.repeat(1000))
    rmSync(`${path}-wal`, { force: true })
    const answer = book.write(groupOf([{}]))
    expect(answer.kind).toBe('failed')
    expect(answer.kind === 'failed' && answer.problem).toMatch(/damaged|not an SQLite database/)
  })
})

describe('pruning', () => {
  it('takes rows first, by whole days, then sums, in small steps', async () => {
    const { bookOf, read } = await setUp()
    const book = bookOf('a')
    const old = Array.from({ length: 700 }, () => ({ time: NOON - 8 * DAY_MS }))
    for (let at = 0; at < old.length; at += 200) book.write(groupOf(old.slice(at, at + 200)))
    book.write(groupOf([{ time: NOON - 7 * DAY_MS - DAY_MS / 4 }, { time: NOON - 91 * DAY_MS }, {}]))
    const rows = (): unknown => read('SELECT count(*) AS rows FROM exchanges')[0]?.['rows']
    const days = (): unknown => read('SELECT group_concat(day) AS days FROM usage_days')[0]?.['days']
    expect(book.prune(NOON)).toEqual({ kind: 'done', value: true })
    expect(rows()).toBe(203)
    expect(book.prune(NOON)).toEqual({ kind: 'done', value: true })
    expect([rows(), days()]).toEqual([2, '2026-08-21,2026-11-12,2026-11-13,2026-11-20'])
    expect(book.prune(NOON)).toEqual({ kind: 'done', value: true })
    expect(book.prune(NOON)).toEqual({ kind: 'done', value: false })
    expect([rows(), days()]).toEqual([2, '2026-11-12,2026-11-13,2026-11-20'])
  })
})

describe('usage', () => {
  const day = (days: number): number => NOON - days * DAY_MS

  async function used(): Promise<Place> {
    const place = await setUp()
    place
      .bookOf('a')
      .write(
        groupOf([
          { time: day(20), user: 'bob', keyId: 'key_0' },
          { time: day(1) - 1000 },
          { time: day(1) + 1000, model: null, upstream: null, promptTokens: null, completionTokens: null },
          { keyId: 'key_2', keyName: 'laptop', model: 'qwen3:8b', upstream: 'gpu-2' },
          { user: 'bob', userId: 'user_2', keyId: 'key_3', keyName: 'phone', status: 503, ending: 'refused' },
        ]),
      )
    return place
  }

  const sums = { errors: 0, prompt_tokens: 7, completion_tokens: 20, cost: 0.5 }

  it('is the sums by what was asked for, the most used first', async () => {
    const { url } = await used()
    expect(readLedger(url, { by: ['user'], since: null }).rows).toEqual([
      { user: 'ann', requests: 3, errors: 0, prompt_tokens: 14, completion_tokens: 40, cost: 1.5 },
      { user: 'bob', requests: 2, errors: 1, prompt_tokens: 14, completion_tokens: 40, cost: 1 },
    ])
    expect(readLedger(url, { by: [], since: null }).rows).toMatchObject([{ requests: 5, cost: 2.5 }])
    expect(readLedger(url, { by: ['model', 'upstream'], since: null }).rows).toMatchObject([
      { model: 'llama3:latest', upstream: 'gpu-1', requests: 3 },
      { model: 'qwen3:8b', upstream: 'gpu-2', requests: 1 },
      { model: null, upstream: null, requests: 1 },
    ])
  })

  it('tells keys of one name apart, and days in their order', async () => {
    const { url } = await used()
    expect(readLedger(url, { by: ['day', 'key'], since: day(2) }).rows).toEqual([
      { day: '2026-11-19', key: 'laptop', requests: 2, ...sums, cost: 1 },
      { day: '2026-11-20', key: 'laptop', requests: 1, ...sums },
      { day: '2026-11-20', key: 'phone', requests: 1, ...sums, errors: 1 },
    ])
  })

  it('begins in the middle of a day where its rows are kept, and with the day where they are not', async () => {
    const place = await used()
    expect(readLedger(place.url, { by: ['user'], since: day(1) }).rows).toMatchObject([
      { user: 'ann', requests: 2 },
      { user: 'bob', requests: 1 },
    ])
    expect(readLedger(place.url, { by: ['user'], since: day(0) + 1 }).rows).toEqual([])
    expect(readLedger(place.url, { by: [], since: day(20) + 3000 }).rows).toMatchObject([{ requests: 4 }])
    place.bookOf('b').prune(NOON + 7 * DAY_MS)
    expect(readLedger(place.url, { by: [], since: day(20) + 3000 }).rows).toMatchObject([{ requests: 5 }])
  })

  it('is of one user, whatever others are called', async () => {
    const { url } = await used()
    for (const since of [null, day(1), day(1) + 500]) {
      const rows = readLedger(url, { by: ['key'], since, userId: 'user_2' }).rows
      expect(rows, String(since)).toMatchObject([{ key: 'phone', requests: 1 }])
    }
    expect(readLedger(url, { by: [], since: null, userId: 'nobody' }).rows).toEqual([])
  })

  it('has the mean times of what an upstream was asked and answered', async () => {
    const { url, bookOf } = await setUp()
    const refused = { attempts: 0, status: 429, ending: 'refused', queueMs: 0, ttftMs: 1 } as const
    bookOf('a').write(
      groupOf([
        { queueMs: 10, ttftMs: 100, time: day(1) - 1000 },
        { queueMs: 30, ttftMs: 300, time: day(1) + 1000 },
        { queueMs: 50, ttftMs: null, ending: 'client-gone', status: 499, time: day(1) + 1000 },
        { queueMs: 70, ttftMs: 7, status: 500, time: day(1) + 1000 },
        { attempts: 0, cache: 'hit', queueMs: 0, ttftMs: 1, time: day(1) + 1000 },
        { queueMs: 50, ttftMs: 5, completionTokens: null, route: '/api/embed', time: day(1) + 1000 },
        { ...refused, time: day(1) + 1000 },
        { ...refused, user: 'bob' },
      ]),
    )
    const timesSince = (since: number | null): unknown => readLedger(url, { by: ['user'], since, times: true }).rows
    expect(timesSince(null)).toMatchObject([
      { user: 'ann', requests: 7, queue_ms: 42, first_token_ms: 200 },
      { user: 'bob', requests: 1, queue_ms: null, first_token_ms: null },
    ])
    expect(timesSince(day(1))).toMatchObject([{ queue_ms: 50, first_token_ms: 300 }, {}])
    expect(Object.keys(readLedger(url, { by: [], since: null }).rows[0] ?? {})).not.toContain('queue_ms')
  })

  it('counts what was stopped as no error', async () => {
    const { url, bookOf } = await setUp()
    const stopped = { ending: 'stopped', error: 'exchange_stopped', time: day(1) + 1000 } as const
    bookOf('a').write(groupOf([stopped, { ...stopped, status: 403 }]))
    for (const since of [null, day(1)])
      expect(readLedger(url, { by: [], since }).rows).toMatchObject([{ requests: 2, errors: 0 }])
  })

  it('is nothing where nothing was used', async () => {
    const { url } = await setUp()
    for (const by of [[], ['user'], ['day', 'key']] as const)
      expect(readLedger(url, { by, since: NOON }).rows).toEqual([])
  })

  it('is asked of a book as well, and its totals by key and model', async () => {
    const { bookOf, url } = await used()
    const book = bookOf('b')
    expect(book.usage({ by: ['user'], since: day(2) })).toMatchObject({ kind: 'done', value: [{}, {}] })
    expect(readLedgerTotals(url, day(0))).toEqual([
      { keyId: 'key_2', userId: 'user_1', model: 'qwen3:8b', tokens: 27, cost: 0.5 },
      { keyId: 'key_3', userId: 'user_2', model: 'llama3:latest', tokens: 27, cost: 0.5 },
    ])
  })

  it('says what is wrong with a store that cannot be read', async () => {
    const folder = tempFolder()
    const url = `sqlite:${join(folder, 'corral.db')}`
    const query = { by: ['user'], since: null } as const
    expect(() => readLedger(url, query)).toThrow(/^There is no store ".*" yet: "corral serve" makes it/)
    writeFileSync(join(folder, 'corral.db'), 'something else entirely')
    expect(() => readLedger(url, query)).toThrow(/^Cannot read the store ".*": it is not an SQLite database/)
    const database = new DatabaseSync(join(folder, 'old.db'))
    database.exec('CREATE TABLE migrations (number INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL)')
    database.exec('INSERT INTO migrations VALUES (1, 0), (2, 0), (3, 0)')
    database.close()
    expect(() => readLedger(`sqlite:${join(folder, 'old.db')}`, query)).toThrow(
      / has no ledger yet: start this version/,
    )
  })
})
