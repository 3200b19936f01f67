import { z } from 'zod'
import { authSlice } from '../auth/settings.ts'
import { cacheSlice } from '../cache/settings.ts'
import { httpSlice } from '../http/settings.ts'
import { ledgerSlice } from '../ledger/settings.ts'
import { settingFacts, type SettingFacts } from '../lib/setting.ts'
import type { SettingPath } from '../lib/settings-context.ts'
import { modelsSlice } from '../proxy/settings.ts'
import { queueSlice, routingSlice } from '../routing/settings.ts'
import { storeSlice } from '../store/settings.ts'
import { logSlice, tracesSlice } from '../telemetry/settings.ts'
import { agentsSlice } from '../tunnel/settings.ts'
import { upstreamsSlice } from '../upstreams/settings.ts'

const { listen, tls, trusted_proxies, cors, drain, limits, metrics } = httpSlice

/** The whole config file, in the order of the docs. */
export const configSchema = z.strictObject({
  listen,
  tls,
  trusted_proxies,
  cors,
  drain,
  ...authSlice,
  ...upstreamsSlice,
  ...agentsSlice,
  ...modelsSlice,
  ...routingSlice,
  ...queueSlice,
  limits,
  ...cacheSlice,
  ...storeSlice,
  metrics,
  ...tracesSlice,
  ...ledgerSlice,
  ...logSlice,
})

/** A setting without what makes it optional, and the default as it would be written. */
export interface SettingSchema {
  readonly schema: z.core.$ZodType
  readonly fallback: unknown
  readonly optional: boolean
  readonly facts: SettingFacts | undefined
}

export function unwrapSchema(outer: z.core.$ZodType): SettingSchema {
  let schema = outer
  let fallback: unknown
  let optional = false
  while (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) {
    if (schema instanceof z.ZodPrefault) fallback = schema.def.defaultValue
    optional = true
    schema = schema.unwrap()
  }
  return { schema, fallback, optional, facts: settingFacts.get(schema as z.ZodType) }
}

/** The keys of a section; undefined for anything else. */
export function sectionShape(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  return schema instanceof z.ZodObject ? schema.shape : undefined
}

/** What one step down a path leads to. */
export function childSchema(schema: z.core.$ZodType, key: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) {
    const shape = schema.shape as Record<string, z.core.$ZodType>
    return Object.hasOwn(shape, key) ? shape[key] : undefined
  }
  if (schema instanceof z.ZodArray) return schema.element
  if (schema instanceof z.ZodRecord) return schema.valueType
  if (schema instanceof z.ZodPipe) return childSchema(schema.in, key)
  if (schema instanceof z.ZodUnion) {
    return schema.options.map((option) => childSchema(option, key)).find((child) => child !== undefined)
  }
  return undefined
}

/** Facts of the setting at a path, or of the nearest one above it. */
export function factsAt(path: SettingPath): SettingFacts | undefined {
  let found: SettingFacts | undefined
  let current: z.core.$ZodType = configSchema
  for (const key of path) {
    const child = childSchema(current, key)
    if (child === undefined) return found
    const { schema, facts } = unwrapSchema(child)
    found = facts ?? found
    current = schema
  }
  return found
}

export interface ScalarSetting {
  readonly path: readonly string[]
  readonly facts: SettingFacts
}

/** Settings that stand at one fixed place and fit into one variable: no tables, no lists of sections. */
export function scalarSettings(schema: z.core.$ZodType = configSchema, above: readonly string[] = []): ScalarSetting[] {
  return Object.entries(sectionShape(schema) ?? {}).flatMap(([key, outer]) => {
    const path = [...above, key]
    const { schema: inner, facts } = unwrapSchema(outer)
    if (sectionShape(inner) !== undefined) return scalarSettings(inner, path)
    const isTable = inner instanceof z.ZodRecord || (inner instanceof z.ZodArray && facts?.list !== true)
    return isTable || facts === undefined ? [] : [{ path, facts }]
  })
}

/** `upstreams[0].url`; names that are no plain words are quoted. */
export function dotted(path: SettingPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    const name = /^[\w-]+$/.test(key) ? key : JSON.stringify(key)
    return text === '' ? name : `${text}.${name}`
  }, '')
}
