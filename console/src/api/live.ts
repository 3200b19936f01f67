import type { AdminEvents, Exchange, Job, LiveHello } from '../admin-types.ts'
import { createStore } from '../store.ts'
import type { ServerEvent } from './event-reader.ts'
import { openEventStream, type EventStream, type StreamState } from './event-stream.ts'
import { resumeSession } from './log-in.ts'
import { mergeExchanges, noExchanges } from './exchanges.ts'
import { sessionEnded } from './session.ts'

export interface Connection {
  readonly state: StreamState
  /** When it became so. */
  readonly since: number
}

/** What the gateway tells by itself; one stream for the whole page. */
export const connection = createStore<Connection>({ state: 'connecting', since: Date.now() })
export const hello = createStore<LiveHello | null>(null)
/** Admins only; null until the first. Stays as it was while the connection is lost. */
export const status = createStore<AdminEvents['status'] | null>(null)
/** The newest first. */
export const exchanges = createStore<readonly Exchange[] | null>(null)
/** Pulls and deletions, the newest first; admins only. */
export const jobs = createStore<readonly Job[] | null>(null)
/** How far the clock of the gateway is ahead of this one. */
export const aheadMs = createStore(0)

type EventName = keyof AdminEvents
type Listener<Name extends EventName> = (data: AdminEvents[Name]) => void
const listeners = new Map<string, Set<Listener<EventName>>>()

/** For events that only one page wants, such as `log`; returns what ends it. */
export function onLiveEvent<Name extends EventName>(name: Name, listener: Listener<Name>): () => void {
  const all = listeners.get(name) ?? new Set()
  // What is kept under a name is called with what is told under it.
  listeners.set(name, all.add(listener as Listener<EventName>))
  return () => void all.delete(listener as Listener<EventName>)
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
  jobs.set(null)
}

function takeEvent({ event, data }: ServerEvent): void {
  // Made by the gateway from the schemas that these types come from; an event of a later version has no listener.
  const value = JSON.parse(data) as AdminEvents[EventName]
  keepers[event as EventName]?.(value as never)
  for (const listener of listeners.get(event) ?? []) listener(value)
}

const keepers: { readonly [Name in EventName]?: Listener<Name> } = {
  hello: hello.set,
  status: status.set,
  jobs: (told) => jobs.set(told.jobs),
  exchanges(news) {
    const ahead = Date.parse(news.at) - Date.now()
    // Smaller differences are the way of the message.
    if (Math.abs(ahead - aheadMs.get()) > 2_000) aheadMs.set(ahead)
    exchanges.set(mergeExchanges(exchanges.get() ?? noExchanges, news))
  },
}
