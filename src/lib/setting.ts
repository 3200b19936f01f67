import { z } from 'zod'
import { formatByteSize, parseByteSize } from './byte-size.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { Secret } from './secret.ts'

/** What loader and docs know of a setting beside its schema. */
export interface SettingFacts {
  readonly description: string
  /** What a value should be, as the end of a sentence. */
  readonly wanted: string
  /** Its value is never printed. */
  readonly secret?: boolean
  /** May be written in an environment variable with commas between. */
  readonly list?: boolean
}

export const settingFacts = z.registry<SettingFacts>()

const MAX_TEXT_LENGTH = 4096

/** A timer cannot wait longer than 2^31 ms. */
const MAX_WAIT_MS = 24 * 86_400_000

/** A setting that is written as `written` and then read by `parse`, which returns undefined for what it cannot be. */
export function setting<I extends z.ZodType, T>(
  written: I,
  parse: (value: z.output<I>) => T | undefined,
  facts: SettingFacts,
) {
  const schema = written.transform((value, context) => {
    const isTooLong = typeof value === 'string' && value.length > MAX_TEXT_LENGTH
    const ready = isTooLong ? undefined : parse(value)
    if (ready !== undefined) return ready
    context.addIssue({ code: 'custom', message: facts.wanted })
    return z.NEVER
  })
  settingFacts.add(schema, facts)
  return schema
}

export function textSetting(facts: SettingFacts) {
  return setting(z.string(), (value) => (value === '' ? undefined : value), facts)
}

export function filePath(description: string) {
  return textSetting({ wanted: 'the path of a file', description })
}

export function secret(description: string) {
  const wanted = 'text without line breaks (a number needs quotes)'
  const parse = (value: string) => (/^[^\r\n]+$/.test(value) ? new Secret(value) : undefined)
  return setting(z.string(), parse, { wanted, description, secret: true }).optional()
}

export function secretFile(of: string) {
  return filePath(`File that holds \`${of}\`, in its place.`).optional()
}

interface DurationTerms {
  readonly description: string
  readonly minMs?: number
  readonly maxMs?: number
}

export function duration({ description, minMs = 0, maxMs = MAX_WAIT_MS }: DurationTerms) {
  const from = minMs === 0 ? '' : `from ${formatDuration(minMs)} `
  const wanted = `a duration such as 30s, ${from}up to ${formatDuration(maxMs)}`
  const parse = (value: string) => {
    const ms = parseDuration(value)
    return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined
  }
  return setting(z.string(), parse, { wanted, description })
}

interface ByteTerms {
  readonly description: string
  readonly minBytes: number
  readonly maxBytes: number
}

export function byteSize({ description, minBytes, maxBytes }: ByteTerms) {
  const wanted = `a size such as 64MB, from ${formatByteSize(minBytes)} to ${formatByteSize(maxBytes)}`
  const parse = (value: string | number) => {
    const bytes = parseByteSize(String(value))
    return bytes !== undefined && bytes >= minBytes && bytes <= maxBytes ? bytes : undefined
  }
  return setting(z.union([z.string(), z.int()]), parse, { wanted, description })
}

const MIN_MEMORY_BYTES = 2 ** 20
const MAX_MEMORY_BYTES = 2 ** 50

/** Bytes of memory. Nobody means 24 bytes by 24: a number alone is a unit forgotten. */
export function memorySize(description: string) {
  const wanted = `a size with its unit, such as 24GB, from ${formatByteSize(MIN_MEMORY_BYTES)} to ${formatByteSize(MAX_MEMORY_BYTES)}`
  const parse = (value: string | number) => {
    const bytes = /[a-z]/i.test(String(value)) ? parseByteSize(String(value)) : undefined
    return bytes !== undefined && bytes >= MIN_MEMORY_BYTES && bytes <= MAX_MEMORY_BYTES ? bytes : undefined
  }
  return setting(z.union([z.string(), z.number()]), parse, { wanted, description })
}

interface NumberTerms {
  readonly description: string
  readonly min: number
  readonly max: number
}

export function wholeNumber({ description, min, max }: NumberTerms) {
  const wanted = `a whole number from ${min} to ${max}`
  const parse = (value: string | number) => {
    const number = /^\d{1,9}$/.test(String(value)) ? Number(value) : undefined
    return number !== undefined && number >= min && number <= max ? number : undefined
  }
  return setting(z.union([z.int(), z.string()]), parse, { wanted, description })
}

const MAX_SLOTS = 1000

/** Null: they are learnt. */
export function slotCount(description: string) {
  const parse = (value: string | number) => {
    if (value === 'auto') return null
    const slots = /^\d{1,4}$/.test(String(value)) ? Number(value) : 0
    return slots >= 1 && slots <= MAX_SLOTS ? slots : undefined
  }
  const wanted = `auto, or a whole number from 1 to ${MAX_SLOTS}`
  return setting(z.union([z.int(), z.string()]), parse, { wanted, description })
}

/** YAML 1.2 reads `on` and `off` as text. */
export function toggle(description: string) {
  const written = z.union([z.boolean(), z.enum(['on', 'off', 'yes', 'no', 'true', 'false'])])
  const parse = (value: z.output<typeof written>) =>
    value === true || value === 'on' || value === 'yes' || value === 'true'
  return setting(written, parse, { wanted: 'on or off', description })
}

export function choice<const T extends string>(values: readonly [T, ...T[]], description: string) {
  return z.enum(values).register(settingFacts, { wanted: `one of ${values.join(', ')}`, description })
}

export function listOf<T extends z.ZodType>(item: T, facts: SettingFacts) {
  return z
    .array(item)
    .max(1000)
    .register(settingFacts, { ...facts, list: true })
}

/** Names of somebody's choosing, each with a value. */
export function table<T extends z.ZodType>(value: T, facts: SettingFacts) {
  return z.record(z.string(), value).register(settingFacts, facts)
}

export function section<T extends z.ZodRawShape>(description: string, shape: T) {
  return z.strictObject(shape).register(settingFacts, { wanted: 'a section with keys of its own', description })
}
