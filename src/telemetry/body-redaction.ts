import { Buffer } from 'node:buffer'
import { patternEraser } from '../lib/pattern-eraser.ts'
import { redact } from '../lib/redact.ts'
import type { CapturedBody } from './body-capture.ts'
import { createSecretFields, hideFields } from './hidden-fields.ts'

const HIDDEN = '[redacted]'
/** Shorter ones are in every other word. */
const SHORTEST_SECRET = 6
/** Taken off what was cut: what stands there may be a part of a secret, which nobody recognises. */
const UNCERTAIN_END = 256

/** What of a captured body may be written down. `secrets`: those that the request came with. */
export type RedactBody = (body: CapturedBody, secrets: readonly string[]) => string

export interface RedactionTerms {
  /** Names of fields. */
  readonly fields: readonly string[]
  /** Regular expressions. */
  readonly patterns: readonly string[]
  /** What the gateway itself is told to keep for itself. */
  readonly secrets: readonly string[]
}

export function createBodyRedaction({ fields, patterns, secrets: own }: RedactionTerms): RedactBody {
  const isSecret = createSecretFields(fields)
  const ownForms = spellings(own)
  const erasers = patterns.map((pattern) => patternEraser(pattern, HIDDEN))
  return ({ text, isCut }, presented) => {
    const secrets = [...ownForms, ...spellings(presented)]
    const certain = isCut ? withoutEnd(text, secrets) : text
    const known = redact(hideFields(hideAll(certain, secrets), isSecret))
    return erasers.reduce((rest, erase) => erase(rest), known)
  }
}

function withoutEnd(text: string, secrets: readonly string[]): string {
  const longest = secrets.reduce((length, secret) => Math.max(length, secret.length), UNCERTAIN_END)
  return text.slice(0, Math.max(0, text.length - longest))
}

function hideAll(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => (rest.includes(secret) ? rest.replaceAll(secret, HIDDEN) : rest), text)
}

/** As it may stand in a body: as it is, in a JSON text, in a URL; in UTF-8 where a header had its bytes. */
function spellings(secrets: readonly string[]): string[] {
  const long = secrets.filter((secret) => secret.length >= SHORTEST_SECRET)
  const all = long.flatMap((secret) => {
    const read = Buffer.from(secret, 'latin1').toString('utf8')
    return [secret, read].flatMap((form) => {
      const json = JSON.stringify(form).slice(1, -1)
      return [form, json, json.replaceAll('/', '\\/'), encodeURIComponent(form.toWellFormed())]
    })
  })
  return [...new Set(all)].toSorted((a, b) => b.length - a.length)
}
