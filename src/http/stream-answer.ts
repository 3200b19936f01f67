import type { EventSource } from '../admin/live-viewer.ts'
import type { ClientPort } from '../proxy/client-port.ts'
import type { ExchangeTrace } from '../proxy/exchange-trace.ts'

/** An answer that goes on for as long as its reader listens. */
export interface StreamAnswer {
  readonly events: EventSource
}

interface StreamReader {
  readonly client: ClientPort
  readonly trace: ExchangeTrace
  readonly extraHeaders: readonly string[]
}

/** `over` is called once, when it has ended. */
export type OpenStream = (reader: StreamReader, answer: StreamAnswer, over: () => void) => void

const HEAD = [
  ...['content-type', 'text/event-stream; charset=utf-8'],
  ...['cache-control', 'no-store, no-transform'],
  // nginx would gather the events until a buffer is full.
  ...['x-accel-buffering', 'no'],
]

const encoder = new TextEncoder()

/** Sends server-sent events, with what goes along with every answer of Corral's own. */
export function createOpenStream(securityHeaders: readonly string[]): OpenStream {
  return ({ client, trace, extraHeaders }, { events }, over) => {
    let isOver = false
    const close = (): void => {
      if (isOver) return
      isOver = true
      over()
    }
    client.head(200, [...HEAD, ...securityHeaders, ...extraHeaders, 'x-request-id', trace.id])
    const listener = events({
      send(text) {
        if (isOver) return true
        const bytes = encoder.encode(text)
        trace.sent(bytes.length)
        return client.data(bytes)
      },
      end() {
        if (!isOver) client.end()
        close()
      },
      abandon() {
        if (!isOver) client.reset()
        close()
      },
    })
    client.onDrain(() => listener.drained())
    client.onGone(() => {
      close()
      listener.left()
    })
  }
}
