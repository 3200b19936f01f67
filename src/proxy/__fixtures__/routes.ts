import type { Route } from '../route.ts'

/** Lines of the route table, as far as the tests of proxy and routing look at them. */
export const CHAT: Route = {
  method: 'POST',
  pattern: '/api/chat',
  scope: 'chat',
  dialect: 'ollama',
  kind: 'generate',
  body: 'json',
  stream: 'ndjson',
  streamsByDefault: true,
  retry: true,
}
export const V1: Route = {
  ...CHAT,
  pattern: '/v1/chat/completions',
  dialect: 'openai',
  stream: 'sse',
  streamsByDefault: false,
}
export const SHOW: Route = { ...CHAT, pattern: '/api/show', kind: 'model', stream: 'whole', streamsByDefault: false }
export const PULL: Route = { ...CHAT, pattern: '/api/pull', scope: 'models:write', kind: 'write', retry: false }
