import { expect } from 'vitest'
import type { RunningGateway } from '../harness/start-gateway.ts'

/** A change to a key holds within this, after whoever made it was told so. */
export const HOLDS_WITHIN_MS = 1000

/** What a request with this key is answered. */
export async function statusWith(gateway: RunningGateway, key: string, path = '/api/tags'): Promise<number> {
  const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${key}` } })
  await response.arrayBuffer()
  return response.status
}

/** Fails unless the key is answered with this status before the time is up. */
export async function expectStatus(
  gateway: RunningGateway,
  key: string,
  wanted: { status: number; withinMs?: number },
): Promise<void> {
  const timeout = wanted.withinMs ?? HOLDS_WITHIN_MS
  await expect.poll(() => statusWith(gateway, key), { timeout, interval: 20 }).toBe(wanted.status)
}
