import { MAX_PAYLOAD_BYTES } from './frame-layout.ts'
import type { AgentStatus, Hello, HelloAck, Windows } from './greeting.ts'

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string }

/** Of a name, an id, a version: what people and tables can bear. */
const MAX_TEXT = 256
const MAX_LIST = 256
const MAX_NUMBER = 0x7fff_ffff
/** An agent grants at least one full DATA frame, or nothing would ever move well. */
const MIN_WINDOW_BYTES = 16 * 1024

export function helloPayload(hello: Hello): Uint8Array {
  return toJson({
    versions: hello.versions,
    software: hello.software,
    agent_id: hello.agentId,
    instance: hello.instance,
    host: hello.host,
    pool: hello.pool,
    allow: hello.allow,
    max_streams: hello.maxStreams,
    windows: hello.windows,
  })
}

export function helloAckPayload(ack: HelloAck): Uint8Array {
  return toJson({
    version: ack.version,
    session_id: ack.sessionId,
    server_instance: ack.serverInstance,
    software: ack.software,
    pool: ack.pool,
    models: ack.models,
    heartbeat_ms: ack.heartbeatMs,
    windows: ack.windows,
  })
}

export function statusPayload(status: AgentStatus): Uint8Array {
  return toJson(status)
}

export function eventPayload(event: { readonly level: string; readonly text: string }): Uint8Array {
  return toJson({ level: event.level, text: event.text })
}

export function parseHello(payload: Uint8Array): Parsed<Hello> {
  return parse(payload, 'greeting', (fields) => ({
    versions: fields.list('versions', isVersion),
    software: fields.text('software'),
    agentId: fields.text('agent_id', 1),
    instance: fields.text('instance', 1),
    host: fields.text('host'),
    pool: fields.textOrNull('pool'),
    allow: fields.list('allow', isText),
    maxStreams: fields.number('max_streams', 0),
    windows: windows(fields.object('windows')),
  }))
}

export function parseHelloAck(payload: Uint8Array): Parsed<HelloAck> {
  return parse(payload, 'answer to the greeting', (fields) => ({
    version: fields.number('version', 1),
    sessionId: fields.text('session_id', 1),
    serverInstance: fields.text('server_instance'),
    software: fields.text('software'),
    pool: fields.text('pool'),
    models: fields.list('models', isText),
    heartbeatMs: fields.number('heartbeat_ms', 1),
    windows: windows(fields.object('windows')),
  }))
}

export function parseStatus(payload: Uint8Array): Parsed<AgentStatus> {
  return parse(payload, 'status', (fields) => {
    const ollama = fields.object('ollama')
    return {
      version: fields.number('version'),
      running: fields.number('running'),
      draining: fields.flag('draining'),
      ollama: { reachable: ollama.flag('reachable'), version: ollama.textOrNull('version') },
      models: fields.number('models'),
    }
  })
}

export function parseEvent(payload: Uint8Array): Parsed<{ readonly level: 'info' | 'warn'; readonly text: string }> {
  return parse(payload, 'event', (fields) => ({
    level: fields.text('level') === 'warn' ? 'warn' : 'info',
    text: fields.text('text'),
  }))
}

function windows(fields: Fields): Windows {
  return {
    stream: fields.number('stream', MIN_WINDOW_BYTES),
    connection: fields.number('connection', MIN_WINDOW_BYTES),
  }
}

function toJson(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

function parse<T>(payload: Uint8Array, what: string, read: (fields: Fields) => T): Parsed<T> {
  if (payload.length > MAX_PAYLOAD_BYTES) return { ok: false, reason: `the ${what} is over 64 KiB` }
  const json = parseJson(payload)
  if (!isObject(json)) return { ok: false, reason: `the ${what} is no JSON object` }
  const problems: string[] = []
  const value = read(createFields(json, problems))
  const [problem] = problems
  return problem === undefined ? { ok: true, value } : { ok: false, reason: `the ${what} has ${problem}` }
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return undefined
  }
}

/** Reads fields by type. What does not fit is noted, and read as something harmless. */
interface Fields {
  text(name: string, minLength?: number): string
  textOrNull(name: string): string | null
  number(name: string, min?: number): number
  flag(name: string): boolean
  list<T>(name: string, isItem: (item: unknown) => item is T): readonly T[]
  object(name: string): Fields
}

function createFields(json: Readonly<Record<string, unknown>>, problems: string[]): Fields {
  const bad = <T>(name: string, instead: T): T => {
    problems.push(`no fit "${name}"`)
    return instead
  }
  return {
    text(name, minLength = 0) {
      const value = json[name]
      return isText(value) && value.length >= minLength ? value : bad(name, '')
    },
    textOrNull(name) {
      const value = json[name] ?? null
      return value === null || isText(value) ? value : bad(name, null)
    },
    number(name, min = 0) {
      const value = json[name]
      return isWhole(value) && value >= min ? value : bad(name, min)
    },
    flag(name) {
      const value = json[name]
      return typeof value === 'boolean' ? value : bad(name, false)
    },
    list(name, isItem) {
      const value: unknown = json[name]
      if (!Array.isArray(value) || value.length > MAX_LIST) return bad(name, [])
      const items: readonly unknown[] = value
      return items.every(isItem) ? items : bad(name, [])
    },
    object(name) {
      const value = json[name]
      return createFields(isObject(value) ? value : bad(name, {}), problems)
    },
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_NUMBER
}

function isVersion(value: unknown): value is number {
  return isWhole(value) && value > 0
}
