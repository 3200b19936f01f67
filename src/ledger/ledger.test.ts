import { describe, expect, it } from 'vitest'
import { rowsOf } from './__fixtures__/group-of.ts'
import { ledgerEntry, NOON } from './__fixtures__/ledger-entry.ts'
import { createLedger, type Ledger } from './ledger.ts'
import type { LedgerGroup } from './ledger-group.ts'

interface Scene {
  readonly ledger: Ledger
  /** What reached the writer, tries that failed among them. */
  readonly groups: LedgerGroup[]
  readonly lines: string[]
  /** Of the next writes, one after another; null while nothing is said: written. */
  answer: (() => string | null | Promise<string | null>) | null
  now: number
  /** Runs the timer that is set; its delay, undefined where none is. */
  tick(): Promise<number | undefined>
  closed(): boolean
}

function scene(policy: 'best-effort' | 'required' = 'best-effort'): Scene {
  let timer: { readonly delayMs: number; readonly run: () => void } | undefined
  let isClosed = false
  const lines: string[] = []
  const groups: LedgerGroup[] = []
  const say = (_fields: object, line: string): void => void lines.push(line)
  const ledger = createLedger(
    {
      writer: {
        async write(group) {
          groups.push(group)
          return made.answer === null ? null : made.answer()
        },
        usage: async () => [],
        close: async () => void (isClosed = true),
      },
      agentOf: () => null,
      clock: { now: () => made.now },
      log: { warn: say, info: say },
      startTimer(delayMs, run) {
        timer = { delayMs, run }
        return () => {
          timer = undefined
        }
      },
    },
    { policy },
  )
  const made: Scene = {
    ledger,
    groups,
    lines,
    answer: null,
    now: NOON,
    async tick() {
      const due = timer
      timer = undefined
      due?.run()
      await settled()
      return due?.delayMs
    },
    closed: () => isClosed,
  }
  return made
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function record(ledger: Ledger, rows: number): void {
  for (let i = 0; i < rows; i++) ledger.record(ledgerEntry({ id: `req_${i}` }))
}

describe('a ledger', () => {
  it('writes what is there after a while, with its cost', async () => {
    const { ledger, groups, tick } = scene()
    ledger.record(ledgerEntry(), 0.25)
    ledger.record(ledgerEntry({ id: 'req_2' }))
    expect(groups).toEqual([])
    expect(ledger.status()).toMatchObject({ written: 0, waiting: 2 })
    expect(await tick()).toBe(100)
    expect(groups).toMatchObject([{ number: 1 }])
    expect(groups.flatMap(rowsOf)).toMatchObject([
      { id: 'req_1', cost: 0.25 },
      { id: 'req_2', cost: 0 },
    ])
    expect(ledger.status()).toMatchObject({ written: 2, waiting: 0, lagMs: 0, lost: 0, failingSince: null })
    expect(await tick()).toBeUndefined()
  })

  it.each([{ user: null }, { kind: null }, { kind: 'own' as const }])('has no row of what has %j', async (change) => {
    const { ledger, groups } = scene()
    ledger.record(ledgerEntry(change))
    await ledger.flush()
    expect(groups).toEqual([])
  })

  it('writes at once what is enough for a group, one group at a time and at most 200 rows in each', async () => {
    const at = scene()
    let goOn = (): void => {}
    at.answer = () => new Promise((resolve) => (goOn = () => resolve(null)))
    record(at.ledger, 100)
    await settled()
    record(at.ledger, 350)
    await settled()
    expect(at.groups.map((group) => group.id.length)).toEqual([100])
    for (const expected of [
      [100, 200],
      [100, 200, 150],
      [100, 200, 150],
    ]) {
      goOn()
      await settled()
      expect(at.groups.map((group) => group.id.length)).toEqual(expected)
    }
    expect(at.groups.map((group) => group.number)).toEqual([1, 2, 3])
    expect(at.ledger.status()).toMatchObject({ written: 450, waiting: 0 })
  })

  it('tries again what could not be written, under the same number, and says it once', async () => {
    const at = scene()
    at.answer = () => 'the disk is full'
    record(at.ledger, 2)
    await at.tick()
    at.now += 5000
    expect(await at.tick()).toBe(1000)
    record(at.ledger, 300)
    expect(at.groups).toHaveLength(2)
    expect(at.ledger.status()).toMatchObject({ waiting: 302, failingSince: NOON, problem: 'the disk is full' })
    expect(at.ledger.status().lagMs).toBeCloseTo(5000 - 34.567)
    at.answer = null
    await at.tick()
    await at.ledger.flush()
    expect(at.groups.map(({ number, id }) => [number, id.length])).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [2, 200],
      [3, 100],
    ])
    expect(at.ledger.status()).toMatchObject({ written: 302, waiting: 0, lost: 0, failingSince: null, problem: null })
    expect(at.lines).toEqual([
      'The ledger cannot be written: the disk is full; rows wait in memory',
      'The ledger is written again',
    ])
  })

  it('keeps 20000 rows, counts the others, and tells the writer of them once it can', async () => {
    const at = scene()
    at.answer = () => 'it is damaged'
    record(at.ledger, 1)
    await at.tick()
    record(at.ledger, 20_005)
    expect(at.ledger.status()).toMatchObject({ waiting: 20_001, lost: 5 })
    at.answer = null
    await at.ledger.flush()
    expect(at.ledger.status()).toMatchObject({ written: 20_001, waiting: 0, lost: 5 })
    expect(at.groups.filter(({ lost }) => lost > 0).map(({ lost }) => lost)).toEqual([5])
    expect(at.lines).toHaveLength(3)
    expect(at.lines[1]).toMatch(/no more room in memory/)
  })

  it('refuses nothing with best effort, whatever waits', async () => {
    const at = scene()
    at.answer = () => 'it is damaged'
    record(at.ledger, 5000)
    await settled()
    expect(at.ledger.refusal()).toBeUndefined()
  })

  it('refuses where rows are required and a group of them waits, until it is written', async () => {
    const at = scene('required')
    at.answer = () => 'it is damaged'
    record(at.ledger, 199)
    await settled()
    expect(at.ledger.status().failingSince).toBe(NOON)
    expect(at.ledger.refusal()).toBeUndefined()
    record(at.ledger, 1)
    expect(at.ledger.refusal()).toMatchObject({ code: 'ledger_unavailable', status: 503, retryAfterSeconds: 1 })
    at.answer = null
    await at.ledger.flush()
    expect(at.ledger.refusal()).toBeUndefined()
  })

  it('refuses where rows are required and nobody hears of what was to be written', async () => {
    const at = scene('required')
    at.answer = () => new Promise(() => {})
    record(at.ledger, 999)
    expect(at.ledger.refusal()).toBeUndefined()
    record(at.ledger, 1)
    expect(at.ledger.refusal()?.code).toBe('ledger_unavailable')
  })

  it('writes what is left when it is closed, and counts what it could not', async () => {
    const well = scene()
    record(well.ledger, 250)
    await well.ledger.close()
    expect(well.ledger.status()).toMatchObject({ written: 250, waiting: 0, lost: 0 })
    expect([well.closed(), well.lines]).toEqual([true, []])

    const badly = scene()
    badly.answer = () => 'it is damaged'
    record(badly.ledger, 3)
    await badly.ledger.close()
    badly.ledger.record(ledgerEntry())
    expect(badly.ledger.status()).toMatchObject({ written: 0, waiting: 0, lost: 4 })
    expect(badly.closed()).toBe(true)
    expect(badly.lines.at(-1)).toBe('Rows of the ledger were lost: they could not be written')
    expect(await badly.tick()).toBeUndefined()
  })
})
