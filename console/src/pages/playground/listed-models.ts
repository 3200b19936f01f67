/** The names in an answer of /api/tags. */
export function listedModels(answer: unknown): string[] {
  const models: unknown = typeof answer === 'object' && answer !== null && 'models' in answer ? answer.models : []
  if (!Array.isArray(models)) return []
  return models.flatMap((model: unknown) =>
    typeof model === 'object' && model !== null && 'name' in model && typeof model.name === 'string'
      ? [model.name]
      : [],
  )
}
