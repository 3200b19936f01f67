import { z } from 'zod'
import { parseByteSize } from './byte-size.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { Secret } from './secret.ts'

/** What loader and docs know of a setting beside its schema. */
export interface SettingFacts {
  readonly description: string
  /** Its value is never printed. */
  readonly secret?: boolean
  /** May be written in an environment variable with commas between. */
  readonly list?: boolean
}

export const settingFacts = z.registry<SettingFacts>()

/** A timer cannot wait longer than 2^31 ms. */
const MAX_WAIT_MS = 24 * 86_400_000

/** Without `fallback` the setting may be left out, and then is undefined. */
export function text(wanted: string, description: string) {
  return z
    .string({ error: wanted })
    .min(1, { error: wanted })
    .max(4096, { error: wanted })
    .register(settingFacts, { description })
}

export function parsed<T>(parse: (written: string) => T | undefined, wanted: string, description: string) {
  return z
    .string({ error: wanted })
    .transform((written, context) => {
      const value = written.length > 4096 ? undefined : parse(written)
      if (value !== undefined) return value
      context.addIssue({ code: 'custom', message: wanted })
      return z.NEVER
    })
    .register(settingFacts, { description })
}

export function secret(description: string) {
  const wanted = 'text without line breaks (a number needs quotes)'
  return z
    .string({ error: wanted })
    .regex(/^[^\r\n]+$/, { error: wanted })
    .max(4096, { error: wanted })
    .transform((written) => new Secret(written))
    .register(settingFacts, { description, secret: true })
    .optional()
}

export function secretFile(of: string) {
  return filePath(`File that holds ${of}, instead of ${of} itself.`).optional()
}

export function filePath(description: string) {
  return text('the path of a file', description)
}

export function duration(fallback: string, description: string, bounds: { minMs?: number; maxMs?: number } = {}) {
  return durationField(description, bounds).prefault(fallback)
}

export function durationField(
  description: string,
  { minMs = 0, maxMs = MAX_WAIT_MS }: { minMs?: number; maxMs?: number },
) {
  const range = `${minMs === 0 ? '' : `from ${formatDuration(minMs)} `}up to ${formatDuration(maxMs)}`
  const parse = (written: string) => {
    const ms = parseDuration(written)
    return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined
  }
  return parsed(parse, `a duration such as 30s, ${range}`, description)
}

export function byteSize(
  fallback: string,
  description: string,
  { minBytes, maxBytes }: { minBytes: number; maxBytes: number },
) {
  const wanted = `a size such as 64MB, from ${minBytes} to ${maxBytes} bytes`
  return z
    .union([z.string(), z.int()], { error: wanted })
    .transform((written, context) => {
      const bytes = parseByteSize(String(written))
      if (bytes !== undefined && bytes >= minBytes && bytes <= maxBytes) return bytes
      context.addIssue({ code: 'custom', message: wanted })
      return z.NEVER
    })
    .register(settingFacts, { description })
    .prefault(fallback)
}

/** YAML 1.2 reads `on` and `off` as text. */
export function toggle(fallback: 'on' | 'off', description: string) {
  return z
    .union([z.boolean(), z.enum(['on', 'off', 'yes', 'no', 'true', 'false'])], { error: 'on or off' })
    .transform((written) => written === true || written === 'on' || written === 'yes' || written === 'true')
    .register(settingFacts, { description })
    .prefault(fallback)
}

export function choice<const T extends readonly [string, ...string[]]>(
  values: T,
  { fallback, description }: { fallback: T[number]; description: string },
) {
  return z
    .enum(values as readonly string[] as [T[number], ...T[number][]], { error: `one of ${values.join(', ')}` })
    .register(settingFacts, { description })
    .prefault(fallback as never)
}

export function listOf<T extends z.ZodType>(item: T, { fallback, wanted, description }: ListTerms<z.input<T>>) {
  return z
    .array(item, { error: wanted })
    .max(10_000, { error: wanted })
    .register(settingFacts, { description, list: true })
    .prefault(fallback as never)
}

interface ListTerms<T> {
  readonly fallback: readonly T[]
  readonly wanted: string
  readonly description: string
}

export function section<T extends z.ZodRawShape>(description: string, shape: T) {
  const wanted = 'a section with keys of its own'
  return z
    .strictObject(shape, { error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : wanted) })
    .register(settingFacts, { description })
}
