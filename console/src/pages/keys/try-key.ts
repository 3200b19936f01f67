import type { CreatedKey } from '../../admin-types.ts'
import { listedModels } from '../playground/listed-models.ts'

export interface Trial {
  readonly kind: 'works' | 'refused' | 'untried'
  readonly message: string
  /** One that it may use, for the examples. */
  readonly model: string | null
}

type TriedKey = Pick<CreatedKey, 'secret' | 'scopes'>

/**
 * Uses a new key as a client would, without the cookie of the page: so nobody pastes what does not work. In a header
 * only, as a key in the path would be in the log of every proxy.
 */
export async function tryKey({ secret, scopes }: TriedKey, signal: AbortSignal): Promise<Trial> {
  if (!scopes.includes('models:read')) return { kind: 'untried', message: 'It may not list models', model: null }
  try {
    const headers = { authorization: `Bearer ${secret}` }
    const response = await fetch('/api/tags', { credentials: 'omit', headers, signal })
    if (response.status === 503)
      return { kind: 'untried', message: 'It is let in; no server is there yet', model: null }
    if (!response.ok)
      return { kind: 'refused', message: `Tried it: the gateway answered ${response.status}`, model: null }
    const names = listedModels(await response.json())
    const [model = null] = names
    const seen = names.length === 1 ? '1 model' : `${names.length} models`
    return { kind: 'works', message: `Tried it: it works, and sees ${seen}`, model }
  } catch {
    return { kind: 'refused', message: 'Not tried: the gateway does not answer', model: null }
  }
}
