/** Names as Ollama 0.24 reads them: `[host/][namespace/]model[:tag]`, looked up without regard to case. */
export interface ParsedName {
  readonly host: string
  readonly namespace: string
  readonly model: string
  readonly tag: string
}

const PART = /^[a-z0-9_][a-z0-9_.-]{0,79}$/i
const HOST = /^[a-z0-9_][a-z0-9_.:-]{0,349}$/i

export function parseName(raw: string): ParsedName | undefined {
  const text = raw.trim().replace(/^https?:\/\//, '')
  const colon = text.lastIndexOf(':')
  const hasTag = colon > text.lastIndexOf('/')
  const parts = (hasTag ? text.slice(0, colon) : text).split('/')
  if (parts.length > 3) return undefined
  const model = parts.at(-1) ?? ''
  const namespace = parts.at(-2) ?? 'library'
  const host = parts.at(-3) ?? 'registry.ollama.ai'
  const tag = hasTag ? text.slice(colon + 1) : 'latest'
  const good = HOST.test(host) && [namespace, model, tag].every((part) => PART.test(part))
  return good ? { host, namespace, model, tag } : undefined
}

/** What `/api/tags` shows: defaults dropped, the tag always there. */
export function displayName(name: ParsedName): string {
  const model = `${name.model}:${name.tag}`
  if (name.host !== 'registry.ollama.ai') return `${name.host}/${name.namespace}/${model}`
  return name.namespace === 'library' ? model : `${name.namespace}/${model}`
}
