import { describe, expect, it } from 'vitest'
import { GatewayError } from '../errors/gateway-error.ts'
import { createStoreAccess, type StoreAccess } from './store-access.ts'

const sqliteError = (errcode: number): Error => Object.assign(new Error('of SQLite'), { errcode })
const [busy, full, constraint] = [sqliteError(5), sqliteError(13), sqliteError(2067)]

interface Scene {
  readonly access: StoreAccess
  readonly state: { lost: string | null; probe: Error | null; probes: number; now: number }
}

/** Each look at the clock takes a second, so that patience ends without waiting for it. */
function createScene(tickMs = 1000): Scene {
  const state = { lost: null as string | null, probe: null as Error | null, probes: 0, now: 10_000 }
  const access = createStoreAccess({
    place: { problem: () => state.lost },
    probe() {
      state.probes++
      if (state.probe !== null) throw state.probe
    },
    clock: { now: () => (state.now += tickMs) },
  })
  return { access, state }
}

/** Fails so many times, then gives 1. */
function failing(times: number, error: Error): () => Promise<number> {
  let left = times
  return async () => {
    if (left-- > 0) throw error
    return 1
  }
}

describe('store access', () => {
  it.each(['read', 'write'] as const)('tries a %s again while another process holds the database', async (kind) => {
    const { access } = createScene()
    expect(await access[kind](failing(3, busy))).toBe(1)
    expect(access.problem()).toBeNull()
  })

  it('gives up when that takes too long', async () => {
    const { access, state } = createScene()
    state.probe = busy
    const failure = access.write(failing(Infinity, busy))
    await expect(failure).rejects.toMatchObject({ code: 'store_unavailable', status: 503 })
    await expect(failure).rejects.toThrow('The store cannot be used: another process holds it; try again')
    expect(access.problem()).toBe('another process holds it; try again')
  })

  it('says at once what no waiting would mend', async () => {
    const { access, state } = createScene()
    state.probe = full
    await expect(access.write(failing(1, full))).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(access.problem()).toBe('the disk is full')
  })

  it('lets pass what is wrong with the request, not with the database', async () => {
    const { access } = createScene()
    const taken = new GatewayError('name_taken')
    await expect(access.write(failing(1, taken))).rejects.toBe(taken)
    await expect(access.write(failing(1, constraint))).rejects.toBe(constraint)
    expect(access.problem()).toBeNull()
  })

  it('begins no write while the files are gone, and reads on', async () => {
    const { access, state } = createScene()
    state.lost = 'the file is gone'
    let begun = 0
    await expect(access.write(async () => ++begun)).rejects.toThrow('The store cannot be used: the file is gone')
    expect(begun).toBe(0)
    expect(await access.read(async () => 1)).toBe(1)
    expect(access.problem()).toBe('the file is gone')
    state.lost = null
    expect(await access.write(async () => ++begun)).toBe(1)
    expect(access.problem()).toBeNull()
  })

  it('finds out by itself, and not too often, that writes work again', async () => {
    const { access, state } = createScene(0)
    state.probe = full
    await access.write(failing(1, full)).catch(() => {})
    expect([access.problem(), access.problem(), state.probes]).toEqual(['the disk is full', 'the disk is full', 1])
    state.probe = null
    expect(access.problem()).toBe('the disk is full')
    state.now += 1000
    expect([access.problem(), access.problem(), state.probes]).toEqual([null, null, 2])
  })
})
