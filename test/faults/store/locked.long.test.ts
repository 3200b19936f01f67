import { expect, it } from 'vitest'
import { ledgerStatus, untilLedger, usageOf } from '../../system/ledger/books.ts'
import { holdLock } from './hold-lock.ts'
import { startTroubledStore } from './troubled-store.ts'

const HELD_MS = 10_000

it('a database that is held for ten seconds costs no request and no row of the ledger', async () => {
  await using scene = await startTroubledStore()
  const { gateway } = scene
  const holder = await holdLock(scene.storePath)
  const until = performance.now() + HELD_MS
  const refused = scene.makeKey('refused')
  let rounds = 0
  for (; performance.now() < until; rounds++) await scene.expectService()
  expect(await refused).toMatchObject({ status: 503, error: 'store_unavailable' })
  expect(await ledgerStatus(gateway)).toMatchObject({
    problem: 'another process holds it; try again',
    waiting: 2 * rounds,
    written: 0,
    lost: 0,
  })
  await holder.release()

  await untilLedger(gateway, ({ waiting, failing_since }) => waiting === 0 && failing_since === null)
  const booked = (await usageOf(gateway)).reduce((sum, row) => sum + row.requests, 0)
  expect(booked).toBe(2 * rounds)
  expect(await ledgerStatus(gateway)).toMatchObject({ written: 2 * rounds, lost: 0, problem: null })
  expect(await scene.makeKey('kept')).toMatchObject({ status: 201 })
  expect(await gateway.stop()).toBe(0)
  expect(gateway.stderr()).not.toContain('were lost')
})
