import type { CreatedKey } from '../../admin-types.ts'
import { listedModels } from '../playground/listed-models.ts'

export interface Trial {
  readonly kind: 'works' | 'refused' | 'untried'
  readonly message: string
  /** One that it may use, for the examples. */
  readonly model: string | null
  readonly pathKeys: boolean
}

type TriedKey = Pick<CreatedKey, 'secret' | 'scopes'>

/** Uses a new key as a client would, without the cookie of the page: so nobody pastes what does not work. */
export async function tryKey({ secret, scopes }: TriedKey, signal: AbortSignal): Promise<Trial> {
  if (!scopes.includes('models:read'))
    return { kind: 'untried', message: 'Not tried: it may not list models', model: null, pathKeys: true }
  try {
    const [byHeader, byPath] = await Promise.all([
      fetch('/api/tags', { credentials: 'omit', headers: { authorization: `Bearer ${secret}` }, signal }),
      fetch(`/k/${encodeURIComponent(secret)}/api/tags`, { credentials: 'omit', signal }),
    ])
    if (!byHeader.ok)
      return {
        kind: 'refused',
        message: `Tried it: the gateway answered ${byHeader.status}`,
        model: null,
        pathKeys: byPath.ok,
      }
    const names = listedModels(await byHeader.json())
    const [model = null] = names
    const seen = names.length === 1 ? '1 model' : `${names.length} models`
    return { kind: 'works', message: `Tried it: it works, and sees ${seen}`, model, pathKeys: byPath.ok }
  } catch {
    return { kind: 'refused', message: 'Not tried: the gateway does not answer', model: null, pathKeys: true }
  }
}
