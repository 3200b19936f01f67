import type { z } from 'zod'
import { closestName } from '../lib/closest-name.ts'
import type { SettingPath } from '../lib/settings-context.ts'
import { childSchema, configSchema, dotted, factsAt, scalarSettings, sectionShape, unwrapSchema } from './schema.ts'
import { originAt, pathKey, valueAt, type WrittenSettings } from './written-settings.ts'

export interface Problem {
  readonly place: string
  readonly sentence: string
}

const MAX_SHOWN = 60
const MAX_UNKNOWN = 40

/** What a failed check means to whoever wrote the settings. Never shows a value that may be a secret. */
export function describeIssue(issue: z.core.$ZodIssue, written: WrittenSettings): Problem[] {
  const path = issue.path.filter((key): key is string | number => typeof key !== 'symbol')
  if (issue.code === 'unrecognized_keys') return describeUnknown(path, { names: issue.keys, written })
  const origin = originAt(written, path)
  if (origin?.isBroken === true) return []
  const value = valueAt(written.tree, path)
  const wanted = factsAt(path)?.wanted ?? issue.message
  const is = value === undefined ? 'is missing' : `is ${describeValue(path, value, origin?.isInterpolated === true)}`
  return [{ place: origin?.detail ?? '', sentence: `${dotted(path)} ${is} and should be ${wanted}` }]
}

interface UnknownNames {
  readonly names: readonly string[]
  readonly written: WrittenSettings
}

/** Names in a section that it does not have. */
export function describeUnknown(section: SettingPath, { names, written }: UnknownNames): Problem[] {
  const siblings = siblingNames(section)
  const owner = section.length === 0 ? 'the file' : dotted(section)
  const told = names.slice(0, MAX_UNKNOWN).map((name) => {
    const path = [...section, name]
    const place = written.keyOrigins.get(pathKey(path)) ?? originAt(written, path)
    const meant = meantSetting(path, siblings)
    const hint = meant === undefined ? `${owner} takes ${siblings.join(', ')}` : `did you mean ${meant}?`
    return { place: place?.detail ?? '', sentence: `${dotted(path)} is not a setting; ${hint}` }
  })
  const rest = names.length - told.length
  return rest === 0 ? told : [...told, { place: '', sentence: `${owner} has ${rest} more names that are not settings` }]
}

/** A name close to it beside it, or else the same or a close name in another section. */
function meantSetting(path: SettingPath, siblings: readonly string[]): string | undefined {
  const name = String(path.at(-1))
  const sibling = closestName(name, siblings)
  if (sibling !== undefined) return dotted([...path.slice(0, -1), sibling])
  const elsewhere = scalarSettings().map((setting) => setting.path)
  const leaf = closestName(name, new Set(elsewhere.map((other) => other.at(-1) ?? '')))
  const found = elsewhere.find((other) => other.at(-1) === leaf)
  return found === undefined ? undefined : dotted(found)
}

function siblingNames(path: SettingPath): string[] {
  let schema = unwrapSchema(configSchema).schema
  for (const key of path) schema = unwrapSchema(childSchema(schema, key) ?? configSchema).schema
  return Object.keys(sectionShape(schema) ?? {})
}

function describeValue(path: SettingPath, value: unknown, isInterpolated: boolean): string {
  if (Array.isArray(value))
    return value.length <= 4 && value.every((item) => isPlain(item)) && !isHidden(path, isInterpolated)
      ? shorten(JSON.stringify(value))
      : 'a list'
  if (typeof value === 'object' && value !== null) return 'a section'
  if (isHidden(path, isInterpolated)) return `${typeof value === 'string' ? 'text' : `a ${typeof value}`} (not shown)`
  return value === null ? 'empty' : shorten(JSON.stringify(withoutUserinfo(value)))
}

/** In a place meant for a section or a list nobody knows what a lone value is. */
function isHidden(path: SettingPath, isInterpolated: boolean): boolean {
  const facts = factsAt(path)
  return isInterpolated || facts === undefined || facts.secret === true || isSection(path)
}

function isSection(path: SettingPath): boolean {
  return siblingNames(path).length > 0
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object'
}

function withoutUserinfo(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/]*@/i, '$1') : value
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}...`
}
