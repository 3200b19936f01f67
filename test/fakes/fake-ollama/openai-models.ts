import { sendLine } from './openai-chat.ts'
import type { Engine } from './engine.ts'
import type { Exchange } from './exchange.ts'
import { parseName } from './model-name.ts'
import type { InstalledModel } from './model-store.ts'
import { OllamaError } from './ollama-error.ts'

/** `data` is null, not empty, where there are no models. */
export function handleOpenaiModels(engine: Engine, exchange: Exchange): Promise<void> {
  const data = engine.models.list().map((model) => entry(model, model.name))
  return sendLine(exchange, { object: 'list', data: data.length === 0 ? null : data })
}

export function handleOpenaiModel(engine: Engine, exchange: Exchange): Promise<void> {
  const name = exchange.params['model'] ?? ''
  const model = engine.models.find(name)
  if (model === undefined) throw new OllamaError(404, `model '${name}' not found`)
  return sendLine(exchange, entry(model, name))
}

function entry(model: InstalledModel, id: string): object {
  const created = Math.floor(model.modifiedAt.getTime() / 1000)
  return { id, object: 'model', created, owned_by: parseName(model.name)?.namespace ?? 'library' }
}
