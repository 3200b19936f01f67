import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { databaseOf, ledgerStatus, readRows, untilLedger } from './books.ts'

const chat = { model: 'tiny', messages: [{ role: 'user', content: 'Why?' }], stream: false }

/** Deno has SQLite's own words, and no code. */
const HELD = /^(another process holds it; try again|database is locked)$/

async function ask({ gateway, key }: GatewayBefore, path = '/api/chat'): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  return fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(chat) })
}

/** How many of so many were answered; each has been read to its end. */
async function answered(before: GatewayBefore, count: number): Promise<number> {
  let whole = 0
  for (let i = 0; i < count; i++) {
    const response = await ask(before)
    await response.arrayBuffer()
    if (response.status === 200) whole += 1
  }
  return whole
}

const rowCount = (before: GatewayBefore): unknown =>
  readRows(before.gateway, 'SELECT count(*) AS rows FROM exchanges')[0]?.['rows']

describe('while the ledger cannot be written', () => {
  it('requests go on beside a process that holds the database, and nothing is missing afterwards', async () => {
    await using before = await startGatewayBefore()
    expect(await answered(before, 5)).toBe(5)
    await untilLedger(before.gateway, ({ written }) => written === 5)
    const other = new DatabaseSync(databaseOf(before.gateway), { timeout: 5000 })
    other.exec('BEGIN IMMEDIATE')
    expect(await answered(before, 5)).toBe(5)
    const facts = await untilLedger(before.gateway, ({ failing_since }) => failing_since !== null)
    expect(facts).toMatchObject({ written: 5, waiting: 5, lost: 0, problem: expect.stringMatching(HELD) })
    expect(await answered(before, 5)).toBe(5)
    const { stdout } = await before.gateway.cli('status', '--once', '--server', before.gateway.url, '--key', before.key)
    expect(stdout).toMatch(/^ledger: not written for .*, 10 rows wait in memory$/m)
    other.exec('COMMIT')
    other.close()
    await untilLedger(before.gateway, ({ written, failing_since }) => written === 15 && failing_since === null)
    expect(rowCount(before)).toBe(15)
    const said = before.gateway.stderr().match(/The ledger (cannot be written|is written again)/g)
    expect(said).toEqual(['The ledger cannot be written', 'The ledger is written again'])
  })

  it('requests go on without the file, which is not made anew, and are in it when it is back', async () => {
    await using before = await startGatewayBefore()
    const path = databaseOf(before.gateway)
    expect(await answered(before, 3)).toBe(3)
    await untilLedger(before.gateway, ({ written }) => written === 3)
    renameSync(path, `${path}.away`)
    expect(await answered(before, 4)).toBe(4)
    const { problem } = await untilLedger(before.gateway, ({ failing_since }) => failing_since !== null)
    expect(problem).toContain('corral.db" is gone')
    renameSync(`${path}.away`, path)
    await untilLedger(before.gateway, ({ written }) => written === 7)
    expect(rowCount(before)).toBe(7)
  })

  it('requests go on with a file that was damaged or deleted, and a stop says what is lost', async () => {
    await using before = await startGatewayBefore()
    const path = databaseOf(before.gateway)
    expect(await answered(before, 3)).toBe(3)
    await untilLedger(before.gateway, ({ written }) => written === 3)
    writeFileSync(path, 'what a broken disk returns'.repeat(2000))
    rmSync(`${path}-wal`, { force: true })
    expect(await answered(before, 4)).toBe(4)
    await untilLedger(before.gateway, ({ failing_since }) => failing_since !== null)
    rmSync(path)
    expect(await answered(before, 2)).toBe(2)
    const { waiting } = await ledgerStatus(before.gateway)
    expect(waiting).toBe(6)
    expect(await before.gateway.stop()).toBe(0)
    expect(before.gateway.stderr()).toMatch(/"rows":6,"msg":"Rows of the ledger were lost/)
  })

  it('requests are refused where their rows are required, in their dialect, until it can be written again', async () => {
    await using before = await startGatewayBefore({}, { config: { ledger: { policy: 'required' } } })
    const path = databaseOf(before.gateway)
    expect(await answered(before, 3)).toBe(3)
    await untilLedger(before.gateway, ({ written }) => written === 3)
    renameSync(path, `${path}.away`)
    const whole = await answered(before, 230)
    expect(whole).toBeGreaterThanOrEqual(200)
    const native = await ask(before)
    expect([native.status, native.headers.get('corral-error')]).toEqual([503, 'ledger_unavailable'])
    expect([native.headers.get('retry-after'), await native.json()]).toEqual([
      '1',
      { error: 'The ledger cannot be written' },
    ])
    const other = await ask(before, '/v1/chat/completions')
    expect(await other.json()).toMatchObject({ error: { code: 'ledger_unavailable' } })
    const lists = await fetch(`${before.gateway.url}/api/tags`, { headers: { authorization: `Bearer ${before.key}` } })
    expect(lists.status).toBe(200)
    renameSync(`${path}.away`, path)
    await untilLedger(before.gateway, ({ waiting, failing_since }) => waiting === 0 && failing_since === null)
    expect(await answered(before, 2)).toBe(2)
    await untilLedger(before.gateway, ({ waiting }) => waiting === 0)
    const booked = readRows(before.gateway, 'SELECT status, count(*) AS rows FROM exchanges GROUP BY status ORDER BY 1')
    // What was refused has its row too.
    expect(booked.map((row) => ({ ...row }))).toEqual([
      { status: 200, rows: 3 + whole + 2 },
      { status: 503, rows: 230 - whole + 2 },
    ])
  })
})
