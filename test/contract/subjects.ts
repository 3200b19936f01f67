import type { Upstream } from '../../src/proxy/upstream.ts'
import { createOllamaUpstream } from '../../src/upstreams/ollama-upstream.ts'
import type { ServerUpstream } from '../../src/upstreams/server-upstream.ts'
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

const tunnelled = (['ws', 'sse'] as const).map(
  (via): Subject => ({
    name: `an Ollama behind an agent, via ${via}`,
    acceptedBy: 'agent',
    async open(url) {
      const far = openByUrl(url)
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
)

export const subjects: readonly Subject[] = [
  {
    name: 'an Ollama by URL',
    acceptedBy: 'connection',
    open(url) {
      const upstream = openByUrl(url)
      return Promise.resolve({
        upstream,
        close() {
          upstream.close()
          return Promise.resolve()
        },
      })
    },
  },
  ...tunnelled,
]

function openByUrl(url: string): ServerUpstream {
  return createOllamaUpstream(
    { name: 'far', url, headers: [], ca: null },
    { connectTimeoutMs: 1000, instanceId: 'contract' },
  )
}
