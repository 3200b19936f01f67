import type { Upstream } from '../../src/proxy/upstream.ts'
import { Secret } from '../../src/lib/secret.ts'
import { createOllamaUpstream } from '../../src/upstreams/ollama-upstream.ts'
import { createProviderUpstream } from '../../src/upstreams/provider-upstream.ts'

/** A kind of upstream, and how one is made that leads to an Ollama at a URL. */
export interface Subject {
  readonly name: string
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
    open(url) {
      const settings = {
        name: 'far',
        url,
        priority: 1,
        enabled: true,
        headers: [],
        ca: null,
        maxResponseTimeMs: null,
        provider: null,
        wake: null,
      }
      return Promise.resolve(opened(createOllamaUpstream(settings, options)))
    },
  },
  ...(['openai', 'anthropic', 'openai-compatible'] as const).map((type) => ({
    name: `a provider of type ${type}`,
    open(url: string) {
      const settings = { name: 'far', url, headers: [], ca: null }
      const provider = { type, apiKey: new Secret('sk-contract'), models: null, allowPrivate: false }
      return Promise.resolve(opened(createProviderUpstream(settings, provider, options)))
    },
  })),
]

function opened(upstream: Upstream & { close(): void }): OpenSubject {
  return {
    upstream,
    close() {
      upstream.close()
      return Promise.resolve()
    },
  }
}
