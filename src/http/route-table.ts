import type { Scope } from '../auth/scope.ts'
import type { Dialect } from '../dialects/dialect.ts'
import type { Route } from '../proxy/route.ts'

/**
 * Every path of the Ollama API that Corral serves; what is not listed is a 404 before any upstream sees it. Left out
 * on purpose: the account routes (`/api/me`, `/api/signout`, `/api/user/keys`), which act as the server's owner at
 * ollama.com, and the experimental web search, which spends the owner's quota.
 */
export const routes: readonly Route[] = [
  own('GET', '/', 'open'),
  own('HEAD', '/', 'open'),
  own('GET', '/api/version', 'open'),
  own('HEAD', '/api/version', 'open'),
  own('GET', '/health', 'open'),
  own('HEAD', '/health', 'open'),
  own('GET', '/livez', 'open'),
  own('HEAD', '/livez', 'open'),
  own('GET', '/readyz', 'open'),
  own('HEAD', '/readyz', 'open'),
  own('GET', '/console', 'open'),
  own('HEAD', '/console', 'open'),
  own('GET', '/console/', 'open'),
  own('HEAD', '/console/', 'open'),
  own('GET', '/console/*path', 'open'),

  own('GET', '/metrics', 'metrics'),
  own('HEAD', '/metrics', 'metrics'),

  own('GET', '/api/tags', 'models:read'),
  own('HEAD', '/api/tags', 'models:read'),
  own('GET', '/api/ps', 'models:read'),
  { ...whole('POST', '/api/show', 'models:read'), kind: 'model', body: 'json' },
  { ...whole('GET', '/api/status', 'models:read'), kind: 'relay' },
  { ...whole('GET', '/api/experimental/model-recommendations', 'models:read'), kind: 'relay' },

  { ...generate('/api/generate', 'ollama'), stream: 'ndjson', streamsByDefault: true },
  { ...generate('/api/chat', 'ollama'), stream: 'ndjson', streamsByDefault: true },
  // OllProx's name for /api/generate; its callers parse one JSON object.
  { ...generate('/call_model', 'ollama'), stream: 'ndjson', upstreamPath: '/api/generate', impliedStream: false },
  { ...generate('/api/embed', 'ollama'), scope: 'embed' },
  { ...generate('/api/embeddings', 'ollama'), scope: 'embed' },

  { ...generate('/v1/chat/completions', 'openai'), stream: 'sse' },
  { ...generate('/v1/completions', 'openai'), stream: 'sse' },
  { ...generate('/v1/embeddings', 'openai'), scope: 'embed' },
  { ...generate('/v1/audio/transcriptions', 'openai'), body: 'multipart' },
  { ...generate('/v1/responses', 'responses'), stream: 'sse' },
  { ...generate('/v1/messages', 'anthropic'), stream: 'sse' },
  { ...own('POST', '/v1/messages/count_tokens', 'chat'), dialect: 'anthropic', body: 'json' },
  { ...own('GET', '/v1/models', 'models:read'), dialect: 'openai' },
  // Ollama's own route takes no name with a slash; the fleet's merged list knows them too.
  { ...whole('GET', '/v1/models/*name', 'models:read'), kind: 'model', dialect: 'openai' },

  { ...write('POST', '/api/pull'), stream: 'ndjson', streamsByDefault: true },
  { ...write('POST', '/api/push'), stream: 'ndjson', streamsByDefault: true },
  { ...write('POST', '/api/create'), stream: 'ndjson', streamsByDefault: true },
  write('POST', '/api/copy'),
  write('DELETE', '/api/delete'),
  { ...write('HEAD', '/api/blobs/:digest'), body: 'none', retry: true },
  { ...write('POST', '/api/blobs/:digest'), body: 'stream' },

  // As /api/chat and /api/tags, for whoever is logged in: no cookie counts there.
  {
    ...generate('/admin/playground/chat', 'ollama'),
    stream: 'ndjson',
    streamsByDefault: true,
    upstreamPath: '/api/chat',
  },
  own('GET', '/admin/playground/models', 'models:read'),
  { ...own('POST', '/console/session', 'open'), body: 'json' },
  own('GET', '/console/session', 'session'),
  own('DELETE', '/console/session', 'session'),

  // Becomes a WebSocket; for agents to whom none gets through, the other two together are as much.
  own('GET', '/agent/v1', 'agent'),
  { ...own('POST', '/agent/v1/sse', 'agent'), body: 'stream' },
  { ...own('POST', '/agent/v1/up', 'agent'), body: 'stream' },
]

function own(method: string, pattern: string, scope: Scope | 'open' | 'session'): Route {
  return { ...whole(method, pattern, scope), kind: 'own', retry: false }
}

/** Reads, and may be asked of another upstream. */
function whole(method: string, pattern: string, scope: Scope | 'open' | 'session'): Route {
  const answer = { stream: 'whole', streamsByDefault: false } as const
  return { method, pattern, scope, dialect: 'ollama', kind: 'relay', body: 'none', ...answer, retry: true }
}

function generate(pattern: string, dialect: Dialect): Route {
  return { ...whole('POST', pattern, 'chat'), dialect, kind: 'generate', body: 'json' }
}

function write(method: string, pattern: string): Route {
  return { ...whole(method, pattern, 'models:write'), kind: 'write', body: 'json', retry: false }
}
