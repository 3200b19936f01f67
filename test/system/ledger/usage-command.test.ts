import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'
import { MAIN } from '../harness/product-command.ts'
import { runCommand } from '../harness/run-command.ts'
import { startGateway } from '../harness/start-gateway.ts'
import { databaseOf, readRows, usageOf } from './books.ts'

const DAY_MS = 86_400_000
const DAY_COLUMNS =
  'day, user, key_id, key_name, model, upstream, requests, errors, prompt_tokens, completion_tokens, cost'
const today = new Date().toISOString().slice(0, 10)

let before: GatewayBefore

beforeAll(async () => {
  // Half a coin for each token of a prompt.
  const prices = [{ match: 'tiny*', prompt: 500_000, completion: 0 }]
  before = await startGatewayBefore({}, { config: { models: { prices } } })
  const other = await makeKey(before.gateway, { scopes: ['chat'] })
  for (const key of [before.key, other, other]) {
    const headers = { authorization: `Bearer ${key}` }
    const body = JSON.stringify({ model: 'tiny', prompt: 'Why?', stream: false })
    await (await fetch(`${before.gateway.url}/api/generate`, { method: 'POST', headers, body })).arrayBuffer()
  }
  await usageOf(before.gateway)
})
afterAll(() => before[Symbol.asyncDispose]())

const parsed = (text: string): Record<string, unknown>[] => JSON.parse(text) as Record<string, unknown>[]

describe('corral usage', () => {
  it('says by user who used what', async () => {
    const { code, stdout, stderr } = await before.gateway.cli('usage')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.split('\n')[0]).toMatch(/^USER +REQUESTS +ERRORS +PROMPT TOKENS +COMPLETION TOKENS +COST$/)
    const [, prompt, cost] = /^admin +3 +0 +(\d+) +\d+ +(\d+\.\d\d)$/.exec(stdout.split('\n')[1] ?? '') ?? []
    expect(Number(prompt)).toBeGreaterThan(0)
    expect(Number(cost)).toBe(Number(prompt) / 2)
  })

  it('says the same of the store as the gateway does, by whatever is asked for', { timeout: 60_000 }, async () => {
    const { url } = before.gateway
    for (const by of ['user', 'key,model', 'upstream,day', 'day']) {
      const here = await before.gateway.cli('usage', '--json', '--by', by, '--since', '1d')
      const there = await before.gateway.cli(
        'usage',
        '--json',
        '--by',
        by,
        '--since',
        '1d',
        '--server',
        url,
        '--key',
        before.key,
      )
      expect([there.stderr, there.code]).toEqual(['', 0])
      expect(parsed(here.stdout)).toEqual(parsed(there.stdout))
      const sums = ['requests', 'errors', 'prompt_tokens', 'completion_tokens', 'cost']
      expect(Object.keys(parsed(here.stdout)[0] ?? {})).toEqual([...by.split(','), ...sums])
    }
    const keys = parsed((await before.gateway.cli('usage', '--json', '--by', 'key', '--by', 'day')).stdout)
    expect(keys).toMatchObject([
      { key: expect.stringMatching(/^made-/), day: today, requests: 2 },
      { key: 'first', day: today, requests: 1 },
    ])
  })

  it('writes cells that no spreadsheet computes', async () => {
    const database = new DatabaseSync(databaseOf(before.gateway))
    database.exec(`INSERT INTO usage_days (${DAY_COLUMNS}) VALUES
      ('2020-01-01', '=HYPERLINK("http://evil")', 'k', '+1,2', '-m', '@u', 1, 0, 2, 3, 0.5)`)
    const { stdout } = await before.gateway.cli('usage', '--csv', '--by', 'day,user,key,model,upstream')
    database.exec(`DELETE FROM usage_days WHERE day = '2020-01-01'`)
    database.close()
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      'day,user,key,model,upstream,requests,errors,prompt_tokens,completion_tokens,cost',
      `2020-01-01,"'=HYPERLINK(""http://evil"")","'+1,2",'-m,'@u,1,0,2,3,0.5`,
    ])
  })

  it.each([
    [['--by', 'month'], 'It must be some of user, key, model, upstream, day.'],
    [['--since', 'yesterday'], 'It must be a duration such as 7d or 12h, or a day such as 2026-11-01.'],
    [['--since', '0'], 'It must be a duration such as 7d or 12h, or a day such as 2026-11-01.'],
    [['--since', '2026-13-01'], 'It must be a duration such as 7d or 12h, or a day such as 2026-11-01.'],
    [['--since', '2026-02-30'], 'It must be a duration such as 7d or 12h, or a day such as 2026-11-01.'],
    [['--csv', '--json'], "cannot be used with option '--json'"],
  ])('refuses %j in one line', async (args, said) => {
    const { code, stdout, stderr } = await before.gateway.cli('usage', ...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr.split('\n')[0]).toContain(said)
  })

  it('says how many exchanges are missing', async () => {
    const database = new DatabaseSync(databaseOf(before.gateway))
    database.exec(`INSERT INTO marks VALUES ('ledger lost', '12')`)
    const { stderr, stdout } = await before.gateway.cli('usage', '--json')
    database.exec(`DELETE FROM marks WHERE name = 'ledger lost'`)
    database.close()
    expect(stderr).toBe('These sums lack 12 exchanges, which could not be written when they were over\n')
    expect(parsed(stdout)).toHaveLength(1)
  })

  it('is for admins where a gateway is asked', async () => {
    const member = await makeKey(before.gateway, { scopes: ['chat'] })
    const { code, stderr } = await before.gateway.cli('usage', '--server', before.gateway.url, '--key', member)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^corral: This key has no scope "admin"/)
  })

  it('says what to do where there is nothing yet, or no store', async () => {
    const { stdout, stderr, code } = await before.gateway.cli('usage', '--since', '2999-01-01')
    expect([stdout, code]).toEqual(['', 0])
    expect(stderr).toMatch(/^Nothing was used: requests that go through the gateway are here a second after/)
    expect(parsed((await before.gateway.cli('usage', '--json', '--since', '2999-01-01')).stdout)).toEqual([])
    const folder = await mkdtemp(join(tmpdir(), 'corral-usage-'))
    const none = await runCommand(MAIN, ['usage'], { folder })
    await rm(folder, { recursive: true, force: true })
    expect(none.code).toBe(1)
    expect(none.stderr).toMatch(/^corral: There is no store ".*corral.db" yet: "corral serve" makes it/)
  })
})

describe('a start', () => {
  it('takes away rows and sums that are older than they are to be kept', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'corral-retention-'))
    try {
      const config = { ledger: { retention: '30d', rollup_after: '2d' } }
      const first = await startGateway({ folder, config })
      await first.stop()
      const database = new DatabaseSync(join(folder, 'corral.db'))
      const addRow = database.prepare(`INSERT INTO exchanges
        (exchange, at, route, dialect, attempts, status, ending, bytes_in, bytes_out, queue_ms, total_ms, cost)
        VALUES ('x', ?, '/api/chat', 'ollama', 1, 200, 'complete', 0, 0, 0, 0, 0)`)
      const addDay = database.prepare(
        `INSERT INTO usage_days (${DAY_COLUMNS}) VALUES (?, 'ann', 'k', 'k', 'm', 'u', 1, 0, 2, 3, 0)`,
      )
      for (const days of [1, 3, 29, 40]) {
        addRow.run(Date.now() - days * DAY_MS)
        addDay.run(new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10))
      }
      database.close()
      await using again = await startGateway({ folder, config })
      const left = (): unknown => readRows(again, 'SELECT count(*) AS rows FROM exchanges')[0]?.['rows']
      const days = (): unknown => readRows(again, 'SELECT count(*) AS days FROM usage_days')[0]?.['days']
      await vi.waitFor(() => expect([left(), days()]).toEqual([1, 3]), { timeout: 20_000, interval: 50 })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('refuses terms that contradict each other', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'corral-terms-'))
    const check = (env: Record<string, string>) => runCommand(MAIN, ['config', 'check'], { folder, env })
    const contrary = await check({ CORRAL_LEDGER_RETENTION: '5d' })
    const tooShort = await check({ CORRAL_LEDGER_ROLLUP_AFTER: '1h' })
    await rm(folder, { recursive: true, force: true })
    expect([contrary.code, tooShort.code]).toEqual([1, 1])
    expect(contrary.stderr + contrary.stdout).toContain('ledger.rollup_after')
    expect(tooShort.stderr + tooShort.stdout).toContain('from 1d up to')
  })
})
