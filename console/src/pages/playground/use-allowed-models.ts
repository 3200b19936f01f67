import { useEffect, useState } from 'preact/hooks'
import { send } from '../../api/ask.ts'
import { listedModels } from './listed-models.ts'

/** The models that one may chat with; null until they are known, or where the key may not list them. */
export function useAllowedModels(): readonly string[] | null {
  const [models, setModels] = useState<readonly string[] | null>(null)
  useEffect(() => {
    const left = new AbortController()
    send('/admin/playground/models', { signal: left.signal })
      .then(async (response) => setModels(listedModels(await response.json())))
      // The name can be typed all the same.
      .catch(() => undefined)
    return () => left.abort()
  }, [])
  return models
}
