import { send, sendJson } from './answer.ts'
import { handleMe, handleSignout, handleTranscription, handleWebSearch } from './account-routes.ts'
import { handleMessages } from './anthropic-messages.ts'
import { handleBlobHead, handleBlobUpload, type BlobStore } from './blobs.ts'
import { handleEmbed, handleEmbeddings, handleOpenaiEmbeddings } from './embedding-routes.ts'
import type { Engine } from './engine.ts'
import type { ErrorShape } from './error-shape.ts'
import { handleChat, handleGenerate } from './native-inference.ts'
import { handleCopy, handleDelete, handlePs, handleShow, handleTags } from './native-models.ts'
import { handleCreate, handlePull, handlePush } from './native-transfers.ts'
import { handleOpenaiChat, handleOpenaiCompletion } from './openai-chat.ts'
import { handleOpenaiModel, handleOpenaiModels } from './openai-models.ts'
import { handleResponses } from './openai-responses.ts'
import type { FakeRoute, Handler } from './routes.ts'

/** Every route of Ollama 0.24, HEAD before GET because that is the order its `Allow` header has. */
export function createRoutes(engine: Engine, blobs: BlobStore): readonly FakeRoute[] {
  const native = speaking('native')
  const openai = speaking('openai')
  const anthropic = speaking('anthropic')
  const read = (pattern: string, handle: Handler): FakeRoute[] => [
    native('HEAD', pattern, handle),
    native('GET', pattern, handle),
  ]
  return [
    ...read('/', (exchange) =>
      send(exchange.answer, 200, { type: 'text/plain; charset=utf-8', body: 'Ollama is running' }),
    ),
    ...read('/api/version', (exchange) => sendJson(exchange.answer, 200, { version: engine.options.version })),
    ...read('/api/tags', (exchange) => handleTags(engine, exchange)),
    native('GET', '/api/ps', (exchange) => handlePs(engine, exchange)),
    native('GET', '/api/status', (exchange) =>
      sendJson(exchange.answer, 200, { cloud: { disabled: false, source: 'none' } }),
    ),
    native('GET', '/api/experimental/model-recommendations', (exchange) =>
      sendJson(exchange.answer, 200, { models: [] }),
    ),
    native('POST', '/api/show', (exchange) => handleShow(engine, exchange)),
    native('POST', '/api/generate', (exchange) => handleGenerate(engine, exchange)),
    native('POST', '/api/chat', (exchange) => handleChat(engine, exchange)),
    native('POST', '/api/embed', (exchange) => handleEmbed(engine, exchange)),
    native('POST', '/api/embeddings', (exchange) => handleEmbeddings(engine, exchange)),
    native('POST', '/api/pull', (exchange) => handlePull(engine, exchange)),
    native('POST', '/api/push', (exchange) => handlePush(engine, exchange)),
    native('POST', '/api/create', (exchange) => handleCreate(engine, blobs, exchange)),
    native('POST', '/api/copy', (exchange) => handleCopy(engine, exchange)),
    native('DELETE', '/api/delete', (exchange) => handleDelete(engine, exchange)),
    native('HEAD', '/api/blobs/:digest', (exchange) => handleBlobHead(blobs, exchange)),
    native('POST', '/api/blobs/:digest', (exchange) => handleBlobUpload(blobs, exchange)),
    native('POST', '/api/me', handleMe),
    native('POST', '/api/signout', handleSignout),
    native('DELETE', '/api/user/keys/:encodedKey', handleSignout),
    native('POST', '/api/experimental/web_search', handleWebSearch),
    native('POST', '/api/experimental/web_fetch', handleWebSearch),
    openai('POST', '/v1/chat/completions', (exchange) => handleOpenaiChat(engine, exchange)),
    openai('POST', '/v1/completions', (exchange) => handleOpenaiCompletion(engine, exchange)),
    openai('POST', '/v1/embeddings', (exchange) => handleOpenaiEmbeddings(engine, exchange)),
    openai('GET', '/v1/models', (exchange) => handleOpenaiModels(engine, exchange)),
    openai('GET', '/v1/models/:model', (exchange) => handleOpenaiModel(engine, exchange)),
    openai('POST', '/v1/responses', (exchange) => handleResponses(engine, exchange)),
    openai('POST', '/v1/audio/transcriptions', (exchange) => handleTranscription(engine, exchange)),
    anthropic('POST', '/v1/messages', (exchange) => handleMessages(engine, exchange)),
  ]
}

function speaking(errors: ErrorShape): (method: string, pattern: string, handle: Handler) => FakeRoute {
  return (method, pattern, handle) => ({ method, pattern, errors, handle })
}
