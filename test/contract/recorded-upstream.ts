import type { Fixture } from '../fakes/fixtures.ts'
import { startReplayOllama, type ReplayOllama } from '../fakes/replay-ollama.ts'
import { startGatewayVia, type Via } from '../system/harness/agent-before.ts'
import type { RunningGateway } from '../system/harness/start-gateway.ts'

export interface RecordedUpstream extends AsyncDisposable {
  readonly replay: ReplayOllama
  readonly gateway: RunningGateway
  /** May use and change models. */
  readonly key: string
}

/** A gateway before a server of recordings. What it asks on its own account is answered from `fixtures`. */
export async function startRecordedUpstream(
  fixtures: readonly Fixture[],
  options: { readonly keepAlive: boolean; readonly via: Via; readonly alsoModels?: readonly string[] },
): Promise<RecordedUpstream> {
  const background = ['version', 'tags', 'ps', 'v1-models', 'show'].flatMap((name) => {
    const fixture = fixtures.find((candidate) => candidate.name === name)
    return fixture === undefined ? [] : [name === 'tags' ? withModels(fixture, options.alsoModels ?? []) : fixture]
  })
  const replay = await startReplayOllama({ background, keepAlive: options.keepAlive })
  const gateway = await startGatewayVia(options.via, replay.url)
  const key = await gateway.createKey({ scopes: ['chat', 'embed', 'models:read', 'models:write'] })
  return {
    replay,
    gateway,
    key,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await replay.stop()
    },
  }
}

/** The recorded list with more models, for recordings that ran on one that was not there when it was listed. */
export function withModels(tags: Fixture, names: readonly string[]): Fixture {
  const list = JSON.parse(tags.response.chunks.join('')) as { models: object[] }
  const added = names.map((name) => ({ ...list.models[0], name, model: name }))
  const body = JSON.stringify({ models: [...list.models, ...added] })
  const headers = tags.response.headers.map(
    ([name, value]) => [name, name === 'Content-Length' ? String(Buffer.byteLength(body)) : value] as const,
  )
  return { ...tags, response: { ...tags.response, headers, chunks: [body] } }
}
