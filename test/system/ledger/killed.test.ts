import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { MAIN } from '../harness/product-command.ts'
import { runCommand } from '../harness/run-command.ts'
import { type RunningGateway, startGateway } from '../harness/start-gateway.ts'
import { readRows, usageOf } from './books.ts'

const UNCLOSED = 'The gateway ended the last time without closing its ledger: up to 200 exchanges'

interface Load {
  readonly answered: number
  readonly sent: number
}

/** Asks with 16 clients until the gateway is gone; `enough` hears of each answer. */
async function loadUntilGone(gateway: RunningGateway, key: string, enough: (answered: number) => void): Promise<Load> {
  let [answered, sent] = [0, 0]
  const body = JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'Why?' }], stream: false })
  async function client(): Promise<void> {
    for (;;) {
      sent += 1
      try {
        const headers = { authorization: `Bearer ${key}` }
        const response = await fetch(`${gateway.url}/api/chat`, { method: 'POST', headers, body })
        await response.arrayBuffer()
        if (response.status === 200) enough((answered += 1))
      } catch {
        return
      }
    }
  }
  await Promise.all(Array.from({ length: 16 }, client))
  return { answered, sent }
}

/** The ledger answers in order: what it found when it was opened, it has said by then. */
async function saidAtStart(gateway: RunningGateway, key: string): Promise<string> {
  await usageOf(gateway, '', key)
  await new Promise((resolve) => setImmediate(resolve))
  return gateway.stderr()
}

const counted = 'SELECT count(*) AS rows FROM exchanges'
const summed = 'SELECT coalesce(sum(requests), 0) AS rows FROM usage_days'

function rowsIn(folder: string, sql: string): number {
  return Number(readRows({ folder }, sql)[0]?.['rows'])
}

describe('after kill -9 under load', () => {
  it('at most one batch is missing, sums and rows agree, and the next start says so', { timeout: 90_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'corral-killed-'))
    const fake = await startFakeOllama({ models: [{ name: 'tiny' }], parallel: 64 })
    onTestFinished(() => fake.stop())
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const config = { upstreams: [{ name: 'fake', url: fake.url, slots: 64 }] }
    let key = ''
    for (const killAt of [57, 300, 1111]) {
      const known = key === '' ? 0 : rowsIn(folder, counted)
      await using gateway = await startGateway({ folder, config })
      if (key === '') key = gateway.adminKey
      else expect(await saidAtStart(gateway, key)).toContain(UNCLOSED)
      const load = await loadUntilGone(gateway, key, (answered) => {
        if (answered === killAt) process.kill(gateway.pid, 'SIGKILL')
      })
      const rows = rowsIn(folder, counted) - known
      expect(load.answered).toBeGreaterThanOrEqual(killAt)
      expect(rows).toBeGreaterThanOrEqual(load.answered - 200)
      expect(rows).toBeLessThanOrEqual(load.sent)
      expect(rowsIn(folder, summed)).toBe(rowsIn(folder, counted))
    }
    await using last = await startGateway({ folder, config })
    expect(await saidAtStart(last, key)).toContain(UNCLOSED)
    expect(await last.stop()).toBe(0)
    await using after = await startGateway({ folder, config })
    expect(await saidAtStart(after, key)).not.toContain(UNCLOSED)
  })
})

describe('a start that fails', () => {
  it('is not taken for a gateway that was killed', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'corral-unstarted-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    await using running = await startGateway()
    const first = await startGateway({ folder })
    expect(await first.stop()).toBe(0)
    const failed = await runCommand(
      MAIN,
      ['serve', '--config', first.configFile, '--listen', `127.0.0.1:${running.port}`],
      { folder },
    )
    expect(failed.code).toBe(1)
    await using next = await startGateway({ folder })
    expect(await saidAtStart(next, first.adminKey)).not.toContain(UNCLOSED)
  })
})
