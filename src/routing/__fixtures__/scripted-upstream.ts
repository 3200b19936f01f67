import type { RawHeaders } from '../../lib/raw-headers.ts'
import type { AbortReason, Upstream, UpstreamError, UpstreamRequest } from '../../proxy/upstream.ts'

export type Reply =
  | { readonly status?: number; readonly headers?: RawHeaders; readonly json?: unknown; readonly text?: string }
  | { readonly error: UpstreamError }
  /** Silent after the connection was established, or before. */
  | 'hang'
  | 'black-hole'

export interface ScriptedUpstream extends Upstream {
  readonly requests: UpstreamRequest[]
  readonly aborts: AbortReason[]
  /** Paths that were asked for since the last call. */
  paths(): string[]
  replies: Record<string, Reply | Promise<Reply>>
}

export const refused: Reply = { error: { kind: 'unreachable', executed: 'no', cause: { code: 'ECONNREFUSED' } } }

/** An upstream that answers by path as it is told, and keeps a record of what it was asked. */
export function createScriptedUpstream(
  id: string,
  replies: Record<string, Reply | Promise<Reply>> = {},
): ScriptedUpstream {
  const requests: UpstreamRequest[] = []
  const aborts: AbortReason[] = []
  let seen = 0
  const upstream: ScriptedUpstream = {
    id,
    requests,
    aborts,
    replies,
    paths() {
      const paths = requests.slice(seen).map((request) => request.target)
      seen = requests.length
      return paths
    },
    speaks: () => new Set(['ollama'] as const),
    send(request, sink) {
      requests.push(request)
      let live = true
      void Promise.resolve(upstream.replies[request.target] ?? { status: 404, text: '404 page not found' }).then(
        (reply) => {
          if (!live || reply === 'black-hole') return
          if (reply === 'hang') return sink.accepted()
          if ('error' in reply) {
            sink.fail(reply.error)
          } else {
            sink.accepted()
            sink.head(reply.status ?? 200, reply.headers ?? [])
            const bytes = new TextEncoder().encode(reply.text ?? JSON.stringify(reply.json))
            sink.data(bytes.subarray(0, 7))
            sink.data(bytes.subarray(7))
            sink.end()
          }
          sink.released()
        },
      )
      return {
        abort(reason) {
          aborts.push(reason)
          live = false
          sink.released()
        },
        resume: () => {},
      }
    },
  }
  return upstream
}

export function tagEntry(name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name, model: name, modified_at: '2026-01-01T00:00:00Z', size: 1, digest: `digest of ${name}`, ...more }
}

/** Replies of an Ollama that has the models. */
export function ollamaReplies(models: readonly string[], version = '0.24.0'): Record<string, Reply> {
  const data = models.map((id) => ({ id, object: 'model', created: 1, owned_by: 'library' }))
  return {
    '/api/version': { json: { version } },
    '/api/tags': { json: { models: models.map((name) => tagEntry(name)) } },
    '/api/ps': { json: { models: [] } },
    '/v1/models': { json: { object: 'list', data: models.length === 0 ? null : data } },
  }
}
