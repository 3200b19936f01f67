import type { SettingPath } from '../lib/settings-context.ts'
import { childSchema, configSchema, unwrapSchema } from './schema.ts'
import type { SettingSource } from './settings.ts'

export interface Origin {
  readonly source: SettingSource['source']
  /** The flag, the variable, or `file:line:column`. */
  readonly detail: string
  /** The folder that relative paths begin in. */
  readonly folder: string
  /** Made with a variable, so that it may be a secret wherever it stands. */
  readonly isInterpolated?: boolean
  /** A problem of the value is told already. */
  readonly isBroken?: boolean
}

/** What was written where, before anybody judged it: a tree, and for each path in it the origin. */
export interface WrittenSettings {
  readonly tree: Record<string, unknown>
  readonly origins: Map<string, Origin>
  /** Where the names stand, which is where an unknown one is reported. */
  readonly keyOrigins: Map<string, Origin>
}

export function createWrittenSettings(): WrittenSettings {
  return { tree: {}, origins: new Map(), keyOrigins: new Map() }
}

export function pathKey(path: SettingPath): string {
  return JSON.stringify(path)
}

/** Puts a value at a fixed place, over what a weaker source said there. A secret goes with its `_file`. */
export function writeSetting(written: WrittenSettings, path: readonly string[], { value, origin }: NewSetting): void {
  const section = sectionAt(written.tree, path.slice(0, -1))
  const name = path.at(-1)
  if (section === undefined || name === undefined) return
  const counterpart = name.endsWith('_file') ? name.slice(0, -'_file'.length) : `${name}_file`
  if (
    Object.hasOwn(section, counterpart) &&
    originAt(written, [...path.slice(0, -1), counterpart])?.source !== origin.source
  ) {
    const isPair = childSchema(unwrapSchema(schemaOf(path.slice(0, -1))).schema, counterpart) !== undefined
    if (isPair) delete section[counterpart]
  }
  section[name] = value
  written.origins.set(pathKey(path), origin)
}

interface NewSetting {
  readonly value: unknown
  readonly origin: Origin
}

/** Origin of a path, or of the nearest one above it. */
export function originAt(written: WrittenSettings, path: SettingPath): Origin | undefined {
  for (let length = path.length; length >= 0; length--) {
    const origin = written.origins.get(pathKey(path.slice(0, length)))
    if (origin !== undefined) return origin
  }
  return undefined
}

export function valueAt(tree: unknown, path: SettingPath): unknown {
  let value = tree
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string | number, unknown>)[key]
  }
  return value
}

/** `key:` with nothing after it is as good as not there, where the name is known. */
export function dropEmptySettings(tree: Record<string, unknown>, schema: unknown = configSchema): void {
  for (const [key, value] of Object.entries(tree)) {
    const child = childSchema(schema as typeof configSchema, key)
    if (child === undefined) continue
    if (value === null) {
      delete tree[key]
      continue
    }
    const inner = unwrapSchema(child).schema
    for (const item of Array.isArray(value) ? value : [value]) {
      const itemSchema = Array.isArray(value) ? childSchema(inner, 0) : inner
      if (isTree(item)) dropEmptySettings(item, itemSchema)
    }
  }
}

function sectionAt(tree: Record<string, unknown>, path: readonly string[]): Record<string, unknown> | undefined {
  let section = tree
  for (const key of path) {
    const inner = section[key] ?? {}
    // Something else stands where the section should: that is a problem of its own.
    if (!isTree(inner)) return undefined
    section[key] = inner
    section = inner
  }
  return section
}

function schemaOf(path: readonly string[]) {
  let schema: Parameters<typeof unwrapSchema>[0] = configSchema
  for (const key of path) schema = childSchema(unwrapSchema(schema).schema, key) ?? configSchema
  return schema
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
