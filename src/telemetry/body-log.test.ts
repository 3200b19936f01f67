import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createRecordingClient } from '../proxy/__fixtures__/recording-client.ts'
import { CHAT } from '../proxy/__fixtures__/routes.ts'
import { createBodyBudget } from '../proxy/body-budget.ts'
import { ExchangeTrace } from '../proxy/exchange-trace.ts'
import { createBodyLog } from './body-log.ts'
import type { BodySettings } from './settings.ts'

const noon = Date.UTC(2026, 2, 4, 12)
const settings: BodySettings = { keys: 'all', maxBytes: 4096, fields: [], patterns: [] }

interface LogTerms {
  readonly keys?: BodySettings['keys']
  readonly room?: number
  readonly flushMs?: number
}

function openLog({ keys = 'all', room = 1e6, flushMs = 3_600_000 }: LogTerms = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'corral-bodies-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const deps = { directory, clock: { now: () => noon }, log: { warn: () => undefined } }
  const log = createBodyLog({ ...deps, budget: createBodyBudget(room) }, { flushMs })
  const watch = log.watching({ ...settings, keys }, { own: ['house-secret'], presented: () => ['door-secret'] })
  const path = join(directory, 'bodies-2026-03-04.jsonl')
  const lines = () =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
  return { log, watch, path, lines }
}

function answer(
  watch: ReturnType<typeof openLog>['watch'],
  text: string,
  key = { keyName: 'laptop', keyId: 'k1' },
): boolean {
  const trace = new ExchangeTrace(`id-${text}`, 'POST')
  trace.path = '/api/chat'
  const principal = { ...key, user: 'u', scopes: new Set<never>(), models: null, upstreams: null, pools: null }
  const admitted = { route: CHAT, principal, params: {}, target: '/', body: null, trace, extraHeaders: [] }
  const client = watch?.watch(createRecordingClient(), admitted)?.client
  client?.head(200, [])
  client?.data(Buffer.from(text))
  client?.end()
  return client !== undefined
}

describe('createBodyLog', () => {
  it('writes a line for each exchange that is over, to a file of the day that only its owner reads', async () => {
    const { log, watch, path, lines } = openLog()
    answer(watch, 'one')
    answer(watch, 'two')
    await log.flush()
    expect(lines()).toMatchObject([
      { id: 'id-one', path: '/api/chat', status: 200, end: 'whole', answer: { bytes: 3, text: 'one' } },
      { id: 'id-two' },
    ])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(log.counts()).toEqual({ written: 2, dropped: 0, failures: 0 })
  })

  it('writes by itself after a while, and at the end what is left', async () => {
    const soon = openLog({ flushMs: 10 })
    answer(soon.watch, 'one')
    await expect.poll(() => soon.log.counts().written, { timeout: 5000 }).toBe(1)
    const { log, watch, lines } = openLog()
    answer(watch, 'one')
    await log.close()
    expect(lines()).toHaveLength(1)
    answer(watch, 'late')
    await expect.poll(() => log.counts(), { timeout: 5000 }).toEqual({ written: 1, dropped: 1, failures: 0 })
  })

  it('looks at the keys that it is told, by name or id', () => {
    const { watch } = openLog({ keys: ['lap*', 'k7'] })
    const keys = [
      { keyName: 'laptop', keyId: 'k1' },
      { keyName: 'phone', keyId: 'k7' },
      { keyName: 'phone', keyId: 'k1' },
    ]
    expect(keys.map((key) => answer(watch, 'x', key))).toEqual([true, true, false])
    expect(openLog({ keys: null }).watch).toBeNull()
  })

  it('writes no secret of the gateway, and not what the request came with', async () => {
    const { log, watch, lines } = openLog()
    answer(watch, 'the house-secret, the door-secret')
    await log.flush()
    expect(lines()).toMatchObject([{ answer: { text: 'the [redacted], the [redacted]' } }])
  })

  it('has its memory again when a line is made', async () => {
    const { log, watch, lines } = openLog({ room: 1024 })
    for (const round of [1, 2, 3]) {
      answer(watch, `round ${round}`)
      answer(watch, 'no room')
      await log.flush()
    }
    const [first, second] = [
      { answer: { bytes: 7, text: expect.stringContaining('round') } },
      { answer: { bytes: 7, text: '', cut: true } },
    ]
    expect(lines()).toMatchObject([first, second, first, second, first, second])
  })
})
