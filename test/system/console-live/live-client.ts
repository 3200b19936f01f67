import { request, type IncomingMessage } from 'node:http'
import type { ExchangeView } from '../../../src/admin/exchange-schemas.ts'
import { liveEvents, type LiveEvents } from '../../../src/admin/live-schemas.ts'

export type LiveEvent = {
  readonly [Name in keyof LiveEvents]: { readonly name: Name; readonly data: LiveEvents[Name]; readonly at: number }
}[keyof LiveEvents]

export interface LiveClient extends Disposable {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** Every event so far, in its order; each is what its schema says. */
  readonly events: readonly LiveEvent[]
  /** Comments and other lines that are no event. */
  readonly asides: readonly string[]
  of<Name extends keyof LiveEvents>(name: Name): readonly LiveEvents[Name][]
  /** What a page would know of the exchange now. */
  exchange(id: string): ExchangeView | undefined
  /** Resolves when that is so, looked at after each event. */
  until(isSo: () => boolean, what: string): Promise<void>
  /** How the gateway ended it. */
  readonly ended: Promise<'complete' | 'broken'>
  /** Reads nothing more until it is resumed. */
  pause(): void
  resume(): void
}

export interface LiveOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: string
  readonly withinMs?: number
}

/** A console that listens. Rejects where it is not let in. */
export async function listen(url: string, key: string, options: LiveOptions = {}): Promise<LiveClient> {
  const headers = { authorization: `Bearer ${key}`, ...options.headers }
  const outgoing = request(`${url}/admin/live${options.query ?? ''}`, { headers, agent: false })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', resolve)
    outgoing.end()
  })
  if (response.statusCode !== 200) {
    response.resume()
    throw new Error(`not let in: ${response.statusCode} ${String(response.headers['corral-error'])}`)
  }
  return follow(response, options.withinMs ?? 5000)
}

function follow(response: IncomingMessage, withinMs: number): LiveClient {
  const events: LiveEvent[] = []
  const asides: string[] = []
  const known = new Map<string, ExchangeView>()
  const watchers = new Set<() => void>()
  const decoder = new TextDecoder()
  let rest = ''
  response.on('error', () => undefined)
  response.on('data', (chunk: Buffer) => {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      const event = parseEvent(part)
      if (event === undefined) asides.push(part)
      else events.push(event)
      if (event?.name === 'exchanges') apply(event.data, known)
    }
    for (const watch of watchers) watch()
  })
  const ended = new Promise<'complete' | 'broken'>((resolve) => {
    response.on('close', () => resolve(response.complete ? 'complete' : 'broken'))
  })
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    asides,
    ended,
    of: <Name extends keyof LiveEvents>(name: Name) =>
      events.flatMap((event) => (event.name === name ? [event.data as LiveEvents[Name]] : [])),
    exchange: (id) => known.get(id),
    until: (isSo, what) => until(watchers, isSo, { what, withinMs }),
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    [Symbol.dispose]: () => void response.destroy(),
  }
}

function until(
  watchers: Set<() => void>,
  isSo: () => boolean,
  { what, withinMs }: { readonly what: string; readonly withinMs: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      watchers.delete(look)
      reject(new Error(`within ${withinMs} ms it did not happen that ${what}`))
    }, withinMs)
    const look = (): void => {
      if (!isSo()) return
      clearTimeout(timer)
      watchers.delete(look)
      resolve()
    }
    watchers.add(look)
    look()
  })
}

function parseEvent(text: string): LiveEvent | undefined {
  const found = /^event: (\w+)\ndata: (.*)$/.exec(text)
  const name = found?.[1] as keyof LiveEvents | undefined
  if (name === undefined) return undefined
  const schema = liveEvents[name]
  // The name says which of the shapes it is; the schema makes sure of it.
  return { name, data: schema.parse(JSON.parse(found?.[2] ?? '')), at: performance.now() } as LiveEvent
}

function apply({ whole, began, changed, ended }: LiveEvents['exchanges'], known: Map<string, ExchangeView>): void {
  if (whole) for (const [id, { state }] of known) if (state !== 'ended') known.delete(id)
  for (const exchange of [...began, ...changed, ...ended]) known.set(exchange.id, exchange)
}
