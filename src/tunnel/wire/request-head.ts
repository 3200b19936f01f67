import type { RequestHead } from './frame.ts'
import type { Fields } from './head-block.ts'

const METHOD = /^[A-Za-z-]{1,32}$/
const TARGET = /^\/[\x21-\xff]*$/
/** A safe integer. */
const LENGTH = /^(0|[1-9]\d{0,14})$/

const names: ReadonlySet<string> = new Set([':method', ':path', ':length', ':once'])

/** Pseudo fields first, then what the client sent. */
export function requestFields({ method, target, headers, length, once }: RequestHead): Fields {
  const pseudo = [':method', method, ':path', target]
  if (length !== null) pseudo.push(':length', String(length))
  if (once) pseudo.push(':once', '1')
  return [...pseudo, ...headers]
}

/** The head, or what is wrong with it. Pseudo fields stand first, each at most once. */
export function parseRequestHead(fields: Fields): RequestHead | string {
  const pseudo = new Map<string, string>()
  let count = 0
  for (; fields[count]?.startsWith(':') === true; count += 2) {
    const [name = '', value = ''] = [fields[count], fields[count + 1]]
    if (!names.has(name) || pseudo.has(name)) return 'a request with odd pseudo fields'
    pseudo.set(name, value)
  }
  const method = pseudo.get(':method') ?? ''
  const target = pseudo.get(':path') ?? ''
  const length = pseudo.get(':length') ?? null
  const once = pseudo.get(':once') ?? null
  if (!METHOD.test(method)) return 'a request without a fit method'
  if (!TARGET.test(target)) return 'a request without a fit path'
  if (length !== null && !LENGTH.test(length)) return 'a request with a bad length'
  if (once !== null && once !== '1') return 'a request with odd pseudo fields'
  const headers = fields.slice(count)
  return { method, target, headers, length: length === null ? null : Number(length), once: once !== null }
}
