import { describe, expect, it } from 'vitest'
import { ledgerStatus, untilLedger, usageOf } from '../../system/ledger/books.ts'
import { tightDisks } from './tight-disk.ts'
import { soon, startOnDisk, type TroubledStore } from './troubled-store.ts'

const NO_ROOM = /^the disk (is full|cannot be read or written)$/

async function chat({ gateway, memberKey }: TroubledStore): Promise<Response> {
  const body = JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'hello' }], stream: false })
  const headers = { authorization: `Bearer ${memberKey}` }
  return fetch(`${gateway.url}/api/chat`, { method: 'POST', headers, body })
}

async function askAdmin({ gateway, key }: TroubledStore, path: string, body?: object): Promise<Response> {
  const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  return fetch(gateway.url + path, { headers: { authorization: `Bearer ${key}` }, ...sent })
}

async function auditOf(scene: TroubledStore): Promise<string[]> {
  const entries = (await (await askAdmin(scene, '/admin/audit')).json()) as { action: string; subject: string }[]
  return entries.map(({ action, subject }) => `${action} ${subject}`)
}

/** Of the two keys together. */
async function booked({ gateway }: TroubledStore): Promise<number> {
  return (await usageOf(gateway)).reduce((sum, row) => sum + row.requests, 0)
}

describe.each(Object.entries(tightDisks))('on %s', (name, openDisk) => {
  it('requests go on without room, changes are refused whole, and nothing is missing when there is room again', async (context) => {
    await using disk = await openDisk()
    if (disk === undefined) return context.skip(`${name} cannot be had`)
    await using scene = await startOnDisk(disk, 'best-effort')
    const { gateway } = scene
    await scene.expectService()
    await untilLedger(gateway, ({ written }) => written === 2)
    const before = await auditOf(scene)

    await disk.fill(gateway.pid)
    for (let round = 0; round < 20; round++) await scene.expectService()
    const facts = await untilLedger(gateway, ({ failing_since }) => failing_since !== null)
    expect(facts).toMatchObject({ problem: expect.stringMatching(NO_ROOM), lost: 0 })
    expect(facts.written + facts.waiting).toBe(42)
    for (const [path, body] of [
      ['/admin/keys', { name: 'lost' }],
      ['/admin/users', { name: 'lost' }],
      ['/admin/users/disable', { name: 'admin' }],
      ['/admin/keys/rotate', { key: 'member' }],
    ] as const) {
      const refused = await askAdmin(scene, path, body)
      expect([path, refused.status, refused.headers.get('corral-error')]).toEqual([path, 503, 'store_unavailable'])
    }
    expect(await scene.problem()).toMatch(NO_ROOM)
    const shown = await gateway.cli('status', '--once', '--server', gateway.url, '--key', scene.key)
    expect(shown.stdout).toMatch(/^ledger: not written for .* \(the disk .*\), \d+ rows wait in memory$/m)
    await scene.expectService()

    await disk.makeRoom(gateway.pid)
    await untilLedger(gateway, ({ waiting, failing_since }) => waiting === 0 && failing_since === null)
    await expect.poll(scene.problem, soon).toBeNull()
    expect(await booked(scene)).toBe(44)
    expect(await auditOf(scene)).toEqual(before)
    expect(await scene.makeKey('kept')).toMatchObject({ status: 201 })
    expect(await auditOf(scene)).toEqual(['key.create kept', ...before])
    expect((await gateway.cli('usage', '--json')).stdout).toContain('"requests": 44')
    expect(await gateway.stop()).toBe(0)
    expect(gateway.stderr()).not.toContain('were lost')
  }, 120_000)

  it('requests whose rows are required stop without room, and go on when there is room again', async (context) => {
    await using disk = await openDisk()
    if (disk === undefined) return context.skip(`${name} cannot be had`)
    await using scene = await startOnDisk(disk, 'required')
    const { gateway } = scene
    await scene.expectService()
    await disk.fill(gateway.pid)
    let served = 0
    let refused: Response | undefined
    while (refused === undefined && served < 1500) {
      const answer = await chat(scene)
      if (answer.status === 200) served += 1
      else refused = answer
      await answer.arrayBuffer()
    }
    expect([refused?.status, refused?.headers.get('corral-error')]).toEqual([503, 'ledger_unavailable'])
    expect(served).toBeGreaterThanOrEqual(190)
    expect(await ledgerStatus(gateway)).toMatchObject({ problem: expect.stringMatching(NO_ROOM), lost: 0 })

    await disk.makeRoom(gateway.pid)
    await untilLedger(gateway, ({ waiting, failing_since }) => waiting === 0 && failing_since === null)
    expect((await chat(scene)).status).toBe(200)
    // The one that was refused has its row too.
    expect(await booked(scene)).toBe(2 + served + 1 + 1)
  }, 120_000)
})
