import { createHash } from 'node:crypto'
import { displayName, parseName } from './model-name.ts'
import type { ModelSpec } from './options.ts'

export interface InstalledModel {
  readonly spec: ModelSpec
  /** Display form. */
  readonly name: string
  readonly digest: string
  readonly modifiedAt: Date
  readonly system: string
}

export interface ModelStore {
  /** Newest first, as `/api/tags` lists them. */
  list(): readonly InstalledModel[]
  find(name: string): InstalledModel | undefined
  /** Adds or replaces; undefined where the name is not valid. */
  install(spec: ModelSpec, from?: { readonly digest?: string; readonly system?: string }): InstalledModel | undefined
  remove(name: string): boolean
}

/** The models on the fake's disk. */
export function createModelStore(specs: readonly ModelSpec[], now: () => Date): ModelStore {
  const models = new Map<string, InstalledModel>()

  function install(spec: ModelSpec, from: { readonly digest?: string; readonly system?: string } = {}) {
    const parsed = parseName(spec.name)
    if (parsed === undefined) return undefined
    const name = displayName(parsed)
    const model: InstalledModel = {
      spec,
      name,
      digest: from.digest ?? sha256(`${name} ${from.system ?? ''}`),
      modifiedAt: now(),
      system: from.system ?? '',
    }
    models.set(name.toLowerCase(), model)
    return model
  }

  function keyOf(name: string): string | undefined {
    const parsed = parseName(name)
    return parsed === undefined ? undefined : displayName(parsed).toLowerCase()
  }

  for (const spec of specs) install(spec)
  return {
    list: () => [...models.values()].toReversed(),
    find: (name) => models.get(keyOf(name) ?? ''),
    install,
    remove: (name) => models.delete(keyOf(name) ?? ''),
  }
}

export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}
