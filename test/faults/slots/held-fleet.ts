import { expect, onTestFinished } from 'vitest'
import { type RunningGateway, startGateway } from '../../system/harness/start-gateway.ts'
import { readStream } from '../../system/harness/stream-client.ts'
import { giveConfig, type StatusShown, untilStatus } from './gateway-view.ts'
import { type HandFedOllama, startHandFedOllama } from './hand-fed-ollama.ts'

type UpstreamConfig = Readonly<Record<string, unknown>> & { readonly name: string }

/** A gateway before upstreams whose answers end on demand. */
export interface HeldFleet {
  readonly gateway: RunningGateway
  /** Another set of upstreams; resolves once it holds and all of them are up. */
  reload(upstreams: readonly UpstreamConfig[]): Promise<void>
  /** One chat; resolves with how it ended. */
  chat(headers?: Readonly<Record<string, string>>): Promise<ChatEnding>
  /** Resolves once so many run and so many wait. */
  untilCounts(counts: { readonly running: number; readonly waiting: number }): Promise<void>
}

export interface ChatEnding {
  readonly status: number
  readonly isWhole: boolean
}

export const WHOLE: ChatEnding = { status: 200, isWhole: true }

const MODEL = 'tiny'

export async function startHandFed(): Promise<HandFedOllama> {
  const server = await startHandFedOllama(MODEL)
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

export async function startHeldFleet(upstreams: readonly UpstreamConfig[]): Promise<HeldFleet> {
  const config = { routing: { health_interval: '200ms', spill_after: '1h' }, queue: { max_wait: '1m' } }
  const gateway = await startGateway({ config: { ...config, upstreams } })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  let reloads = 0
  const reload = async (next: readonly UpstreamConfig[]): Promise<void> => {
    // Shows that this config holds, whatever else of it shows.
    const mark = { name: `config-${(reloads += 1)}`, url: 'http://127.0.0.1:9', enabled: false }
    await giveConfig(gateway, { ...config, upstreams: [...next, mark] })
    await untilStatus(gateway, (status) => isServing(status, [...next, mark]))
  }
  await untilStatus(gateway, (status) => isServing(status, upstreams))
  return {
    gateway,
    reload,
    chat: (headers = {}) =>
      readStream(`${gateway.url}/api/chat`, {
        headers: { authorization: `Bearer ${gateway.adminKey}`, ...headers },
        body: { model: MODEL, messages: [{ role: 'user', content: 'hello' }] },
      }).then(
        ({ status, ending, text }) => ({
          status,
          isWhole: ending === 'complete' && text.endsWith('}\n') && text.includes('"done":true'),
        }),
        () => ({ status: 0, isWhole: false }),
      ),
    async untilCounts({ running, waiting }) {
      const status = await untilStatus(gateway, ({ upstreams: shown, queue }) => {
        return queue.waiting === waiting && shown.reduce((sum, each) => sum + each.running, 0) === running
      })
      expect(status.queue.waiting).toBe(waiting)
    },
  }
}

/** Those and no others, and each with its models. */
function isServing({ upstreams }: StatusShown, wanted: readonly UpstreamConfig[]): boolean {
  return (
    upstreams.length === wanted.length &&
    wanted.every(({ name, url, priority = 1, enabled = true }) =>
      upstreams.some((shown) => {
        const isKnown = enabled === false ? shown.state === 'disabled' : shown.state === 'up' && shown.models.length > 0
        return shown.name === name && shown.url === url && shown.priority === priority && isKnown
      }),
    )
  )
}
