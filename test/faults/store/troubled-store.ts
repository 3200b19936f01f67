import { join } from 'node:path'
import { expect } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../../system/harness/gateway-before.ts'
import type { GatewayOptions } from '../../system/harness/start-gateway.ts'
import type { TightDisk } from './tight-disk.ts'

/** A gateway before an Ollama, whose store something is done to. */
export interface TroubledStore extends GatewayBefore {
  /** Of a member, let in before the trouble. */
  readonly memberKey: string
  readonly storePath: string
  /** Whole answers to a chat of each of the two keys. */
  expectService(): Promise<void>
  /** Asks for one more key: the status and the code of the error. */
  makeKey(name: string): Promise<{ readonly status: number; readonly error: string | null; readonly text: string }>
  /** What an admin is told of the store. */
  problem(): Promise<string | null>
}

export async function startTroubledStore(options: GatewayOptions = {}): Promise<TroubledStore> {
  const config = { log: { level: 'debug' }, ...options.config }
  const before = await startGatewayBefore({}, { ...options, config })
  const { gateway, key } = before
  const memberKey = await gateway.createKey({ name: 'member' })
  const admin = { authorization: `Bearer ${key}` }

  async function chat(secret: string): Promise<string> {
    const response = await fetch(`${gateway.url}/api/chat`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}` },
      body: JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'hello' }] }),
    })
    const text = await response.text()
    return `${response.status} ${text.trimEnd().endsWith('}') && text.includes('"done":true')}`
  }

  return {
    ...before,
    memberKey,
    storePath: join(gateway.folder, 'corral.db'),
    async expectService() {
      expect(await Promise.all([key, memberKey].map(chat))).toEqual(['200 true', '200 true'])
    },
    async makeKey(name) {
      const body = JSON.stringify({ name })
      const response = await fetch(`${gateway.url}/admin/keys`, { method: 'POST', headers: admin, body })
      return { status: response.status, error: response.headers.get('corral-error'), text: await response.text() }
    },
    async problem() {
      const response = await fetch(`${gateway.url}/health`, { headers: admin })
      const { status, store } = (await response.json()) as { status: string; store: { problem: string | null } }
      // Requests are served: whoever watches the gateway shall not restart it.
      expect([response.status, status]).toEqual([200, 'ok'])
      return store.problem
    },
  }
}

/** Its store and its request log stand on the disk, as they mostly do on one. */
export function startOnDisk(
  { folder, through }: TightDisk,
  policy: 'best-effort' | 'required',
): Promise<TroubledStore> {
  const places = folder !== null && {
    store: { url: `sqlite:${join(folder, 'corral.db')}` },
    log: { requests: join(folder, 'logs') },
  }
  return startTroubledStore({ through, config: { ledger: { policy }, ...places } })
}

/** What is true soon, because somebody looks once in a while. */
export const soon = { timeout: 10_000, interval: 50 }
