import type { Upstream } from '../../src/proxy/upstream.ts'
import { createOllamaUpstream } from '../../src/upstreams/ollama-upstream.ts'

/** A kind of upstream, and how one is made that leads to an Ollama at a URL. */
export interface Subject {
  readonly name: string
  open(url: string): Promise<OpenSubject>
}

export interface OpenSubject {
  readonly upstream: Upstream
  close(): Promise<void>
}

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
      const upstream = createOllamaUpstream(settings, { connectTimeoutMs: 1000, instanceId: 'contract' })
      return Promise.resolve({
        upstream,
        close() {
          upstream.close()
          return Promise.resolve()
        },
      })
    },
  },
]
