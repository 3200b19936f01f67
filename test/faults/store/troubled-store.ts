import { join } from 'node:path'
import { expect } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../../system/harness/gateway-before.ts'

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

export async function startTroubledStore(): Promise<TroubledStore> {
  const before = await startGatewayBefore({}, { config: { log: { level: 'debug' } } })
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

/** What is true soon, because somebody looks once in a while. */
export const soon = { timeout: 10_000, interval: 50 }
