import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { exchangeRecord } from './__fixtures__/exchange-record.ts'
import type { LineLogOptions } from './line-log.ts'
import { createRequestLog } from './request-log.ts'

const noon = Date.UTC(2026, 2, 4, 12)

function openLog(options: LineLogOptions = { flushMs: 3_600_000 }) {
  const root = mkdtempSync(join(tmpdir(), 'corral-requests-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const directory = join(root, 'logs')
  const clock = { time: noon, now: () => clock.time }
  const warnings: string[] = []
  const log = createRequestLog(
    { directory, clock, log: { warn: (_fields, message) => void warnings.push(message) } },
    options,
  )
  const ids = (day = '2026-03-04') =>
    readFileSync(join(directory, `requests-${day}.jsonl`), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => String(JSON.parse(line).id))
  return { log, directory, root, clock, warnings, ids, write: (id: string) => log.write(exchangeRecord({ id })) }
}

describe('createRequestLog', () => {
  it('appends one line per exchange to a file of the day that only its owner reads', async () => {
    const { log, directory, write, ids } = openLog()
    write('a')
    expect(() => statSync(directory)).toThrow()
    await log.flush()
    write('b')
    write('c')
    await log.flush()
    expect(readdirSync(directory)).toEqual(['requests-2026-03-04.jsonl'])
    expect(ids()).toEqual(['a', 'b', 'c'])
    expect(statSync(join(directory, 'requests-2026-03-04.jsonl')).mode & 0o777).toBe(0o600)
    expect(log.counts()).toEqual({ written: 3, dropped: 0, failures: 0 })
  })

  it('turns to a new file at midnight UTC, and back with the clock', async () => {
    const { log, clock, write, ids } = openLog()
    clock.time = Date.UTC(2026, 2, 4, 23, 59, 59, 999)
    write('a')
    clock.time += 1
    write('b')
    clock.time -= 1
    write('c')
    await log.flush()
    expect([ids(), ids('2026-03-05')]).toEqual([['a', 'c'], ['b']])
  })

  it('writes by itself after a while, and at once when much has come together', async () => {
    const slow = openLog({ flushMs: 20 })
    await slow.log.flush()
    slow.write('a')
    const large = openLog({ flushMs: 3_600_000, flushBytes: 2000 })
    for (let i = 0; i < 10; i++) large.write(String(i))
    for (let i = 0; i < 200 && Math.min(slow.log.counts().written, large.log.counts().written) < 1; i++) await sleep(10)
    expect(slow.ids()).toEqual(['a'])
    expect(large.ids().length).toBeGreaterThan(4)
  })

  it('goes on when its folder is removed', async () => {
    const { log, directory, write, ids, warnings } = openLog()
    write('a')
    await log.flush()
    rmSync(directory, { recursive: true })
    write('b')
    await log.flush()
    expect(ids()).toEqual(['b'])
    expect(warnings).toEqual([])
  })

  it('tells a failure once, keeps the lines, and writes them when it can again', async () => {
    const { log, directory, write, ids, warnings } = openLog()
    writeFileSync(directory, 'a file where the folder should be')
    for (const id of ['a', 'b', 'c']) {
      write(id)
      await log.flush()
    }
    expect(warnings).toHaveLength(1)
    expect(log.counts()).toEqual({ written: 0, dropped: 0, failures: 3 })
    rmSync(directory)
    await log.flush()
    expect(ids()).toEqual(['a', 'b', 'c'])
    expect(log.counts().written).toBe(3)
    rmSync(directory, { recursive: true })
    writeFileSync(directory, '')
    write('d')
    await log.flush()
    expect(warnings).toHaveLength(2)
  })

  it('drops and counts what does not fit into memory', async () => {
    const { log, directory, write, ids } = openLog({ flushMs: 3_600_000, maxBytes: 2000 })
    writeFileSync(directory, '')
    for (let i = 0; i < 100; i++) write(String(i))
    const { dropped } = log.counts()
    expect(dropped).toBeGreaterThan(90)
    await log.flush()
    write('x')
    expect(log.counts().dropped).toBe(dropped + 1)
    rmSync(directory)
    await log.flush()
    expect(ids()).toHaveLength(100 - dropped)
    write('y')
    await log.flush()
    expect(ids().at(-1)).toBe('y')
  })

  it('loses and repeats nothing while it writes', async () => {
    const { log, write, ids } = openLog({ flushMs: 1, flushBytes: 1000 })
    for (let i = 0; i < 2000; i++) {
      write(String(i))
      if (i % 50 === 0) await (i % 100 === 0 ? log.flush() : sleep(0))
    }
    await Promise.all([log.flush(), log.flush()])
    expect(ids()).toEqual(Array.from({ length: 2000 }, (_, i) => String(i)))
  })

  it('ends with everything written, and counts what comes later or cannot be', async () => {
    const { log, write, ids } = openLog()
    write('a')
    await log.close()
    write('b')
    expect(ids()).toEqual(['a'])
    expect(log.counts()).toEqual({ written: 1, dropped: 1, failures: 0 })
    const broken = openLog()
    writeFileSync(broken.directory, '')
    broken.write('a')
    await broken.log.close()
    expect(broken.log.counts()).toEqual({ written: 0, dropped: 1, failures: 1 })
  })

  it('leaves the mode of a file that is there alone', async () => {
    const { log, directory, write } = openLog()
    mkdirSync(directory)
    const path = join(directory, 'requests-2026-03-04.jsonl')
    writeFileSync(path, '')
    chmodSync(path, 0o640)
    write('a')
    await log.flush()
    expect(statSync(path).mode & 0o777).toBe(0o640)
  })
})
