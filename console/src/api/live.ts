import type { Status } from '../admin-types.ts'
import { createStore } from '../store.ts'
import type { ServerEvent } from './event-reader.ts'
import { openEventStream, type EventStream, type StreamState } from './event-stream.ts'
import { resumeSession } from './log-in.ts'
import { mergeExchanges, noExchanges, type Exchange, type ExchangeNews } from './exchanges.ts'
import { sessionEnded } from './session.ts'

export interface Hello {
  readonly version: string
  readonly started_at: string
  readonly user: string
  readonly role: 'admin' | 'member'
}

export interface Connection {
  readonly state: StreamState
  /** When it became so. */
  readonly since: number
}

/** What the gateway tells by itself; one stream for the whole page. */
export const connection = createStore<Connection>({ state: 'connecting', since: Date.now() })
export const hello = createStore<Hello | null>(null)
/** Admins only; null until the first. Stays as it was while the connection is lost. */
export const status = createStore<Status | null>(null)
/** The newest first. */
export const exchanges = createStore<readonly Exchange[] | null>(null)

export type Listener = (data: unknown) => void
const listeners = new Map<string, Set<Listener>>()

/** For events that only one page wants, such as `log` or `jobs`; returns what ends it. */
export function onLiveEvent(name: string, listener: Listener): () => void {
  const all = listeners.get(name) ?? new Set()
  listeners.set(name, all.add(listener))
  return () => void all.delete(listener)
}

let stream: EventStream | null = null
let wantsLogs = false

/** Log lines come only while somebody looks at them; the stream is opened anew. */
export function wantLogs(wanted: boolean): void {
  if (wantsLogs === wanted) return
  wantsLogs = wanted
  if (stream !== null) startLive()
}

export function startLive(): void {
  stream?.close()
  stream = openEventStream({
    url: wantsLogs ? '/admin/live?logs=1' : '/admin/live',
    onEvent: takeEvent,
    onState(state) {
      if (connection.get().state !== state) connection.set({ state, since: Date.now() })
      // Whatever ended meanwhile was not told of.
      if (state === 'open') exchanges.set(null)
    },
    onRefused(code) {
      if (code !== 401) return false
      sessionEnded()
      void resumeSession()
      return true
    },
  })
}

export function stopLive(): void {
  stream?.close()
  stream = null
  hello.set(null)
  status.set(null)
  exchanges.set(null)
}

function takeEvent({ event, data }: ServerEvent): void {
  const value: unknown = JSON.parse(data)
  // Made by the gateway from the schemas that these types come from.
  if (event === 'hello') hello.set(value as Hello)
  else if (event === 'status') status.set(value as Status)
  else if (event === 'exchanges') exchanges.set(mergeExchanges(exchanges.get() ?? noExchanges, value as ExchangeNews))
  for (const listener of listeners.get(event) ?? []) listener(value)
}
