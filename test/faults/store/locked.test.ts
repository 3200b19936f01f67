import { expect, it } from 'vitest'
import { holdLock } from './hold-lock.ts'
import { startTroubledStore } from './troubled-store.ts'

it(
  'while another process holds the database requests go on, and changes wait for it or say so',
  { timeout: 120_000 },
  async () => {
    await using scene = await startTroubledStore()
    const holder = await holdLock(scene.storePath)
    const order: string[] = []
    const refused = scene.makeKey('refused').then((answer) => {
      order.push('refused')
      return answer
    })
    // Those that wait for the lock stop no one else.
    for (let round = 0; round < 5; round++) await scene.expectService()
    order.push('served')
    const answer = await refused
    expect(order).toEqual(['served', 'refused'])
    expect(answer).toMatchObject({ status: 503, error: 'store_unavailable' })
    expect(answer.text).toContain('another process holds it; try again')
    expect(await scene.problem()).toContain('another process holds it')
    await scene.expectService()

    const patient = scene.makeKey('patient')
    await scene.expectService()
    await holder.release()
    expect(await patient).toMatchObject({ status: 201 })
    expect(await scene.problem()).toBeNull()
    expect(await scene.makeKey('refused')).toMatchObject({ status: 201 })
  },
)
