import { Secret } from '../../src/lib/secret.ts'
import type { Upstream } from '../../src/proxy/upstream.ts'
import { createOllamaUpstream } from '../../src/upstreams/ollama-upstream.ts'
import { createProviderUpstream } from '../../src/upstreams/provider-upstream.ts'
import { throughCache } from './through-cache.ts'
import { openTunnelLink } from './tunnel-link.ts'

/** A kind of upstream, and how one is made that leads to an Ollama at a URL. */
export interface Subject {
  readonly name: string
  /** Who says `accepted`: the connection to the Ollama, or the agent beside it. */
  readonly acceptedBy: 'connection' | 'agent'
  open(url: string): Promise<OpenSubject>
}

export interface OpenSubject {
  readonly upstream: Upstream
  close(): Promise<void>
}

const options = { connectTimeoutMs: 1000, instanceId: 'contract' }

export const subjects: readonly Subject[] = [
  {
    name: 'an Ollama by URL',
    acceptedBy: 'connection',
    open: (url) => Promise.resolve(opened(createOllamaUpstream(settingsOf(url), options))),
  },
  ...(['openai', 'anthropic', 'openai-compatible'] as const).map(
    (type): Subject => ({
      name: `a provider of type ${type}`,
      acceptedBy: 'connection',
      open(url) {
        const provider = { type, apiKey: new Secret('sk-contract'), models: null, allowPrivate: false }
        return Promise.resolve(opened(createProviderUpstream(settingsOf(url), provider, options)))
      },
    }),
  ),
  ...(['first', 'joined'] as const).map(
    (seat): Subject => ({
      name: `an Ollama through the cache, to the one who ${seat === 'first' ? 'asks first' : 'joins and is left alone'}`,
      acceptedBy: 'connection',
      open(url) {
        const far = createOllamaUpstream(settingsOf(url), options)
        return Promise.resolve(opened({ ...throughCache(far, seat), close: () => far.close() }))
      },
    }),
  ),
  ...(['ws', 'sse'] as const).map(
    (via): Subject => ({
      name: `an Ollama behind an agent, via ${via}`,
      acceptedBy: 'agent',
      async open(url) {
        const far = createOllamaUpstream(settingsOf(url), options)
        const link = await openTunnelLink(via, far)
        return {
          upstream: link.session,
          async close() {
            await link.close()
            far.close()
          },
        }
      },
    }),
  ),
]

function settingsOf(url: string): { name: string; url: string; headers: string[]; ca: null } {
  return { name: 'far', url, headers: [], ca: null }
}

function opened(upstream: Upstream & { close(): void }): OpenSubject {
  return {
    upstream,
    close() {
      upstream.close()
      return Promise.resolve()
    },
  }
}
