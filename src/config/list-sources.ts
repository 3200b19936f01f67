import { z } from 'zod'
import type { SettingPath } from '../lib/settings-context.ts'
import { childSchema, configSchema, dotted, factsAt, sectionShape, unwrapSchema } from './schema.ts'
import type { SettingSource } from './settings.ts'
import { originAt, valueAt, type WrittenSettings } from './written-settings.ts'

/** Every setting with its value as written and where that came from; secrets redacted. */
export function listSources(written: WrittenSettings): ReadonlyMap<string, SettingSource> {
  const sources = new Map<string, SettingSource>()

  function list(outer: z.core.$ZodType, path: SettingPath): void {
    const { schema, fallback } = unwrapSchema(outer)
    const value = valueAt(written.tree, path)
    const shape = sectionShape(schema)
    if (shape !== undefined) {
      for (const [key, child] of Object.entries(shape)) list(child, [...path, key])
    } else if (isListOfSections(schema) && Array.isArray(value) && value.length > 0) {
      for (const index of value.keys()) list(childSchema(schema, index) ?? schema, [...path, index])
    } else if (schema instanceof z.ZodRecord && Object.keys(value ?? {}).length > 0) {
      for (const key of Object.keys(value ?? {})) list(childSchema(schema, key) ?? schema, [...path, key])
    } else {
      sources.set(dotted(path), sourceOf(path, fallback))
    }
  }

  function sourceOf(path: SettingPath, fallback: unknown): SettingSource {
    const value = valueAt(written.tree, path)
    if (value === undefined) return { value: fallback ?? null, source: 'default', detail: 'default' }
    const { source, detail } = originAt(written, path) ?? { source: 'default', detail: 'default' }
    return { value: redact(path, value), source, detail }
  }

  list(configSchema, [])
  return sources
}

function isListOfSections(schema: z.core.$ZodType): boolean {
  const item = childSchema(schema, 0)
  return schema instanceof z.ZodArray && item !== undefined && sectionShape(unwrapSchema(item).schema) !== undefined
}

function redact(path: SettingPath, value: unknown): unknown {
  if (factsAt(path)?.secret === true) return '[redacted]'
  return path[0] === 'upstreams' && path.at(-1) === 'url' && typeof value === 'string'
    ? value.replace(/\/\/[^/]*@/, '//[redacted]@')
    : value
}
