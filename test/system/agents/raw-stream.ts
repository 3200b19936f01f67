import { openRaw, type RawConnection } from '../../faults/raw-connection.ts'
import { bearer } from './raw-agent.ts'

/** An agent that came by event stream, with a socket for what comes down. */
export interface RawStream extends Disposable {
  readonly raw: RawConnection
  readonly session: string
  post(body: Uint8Array, as?: { readonly key?: string; readonly session?: string }): Promise<Response>
}

/** Sends the greeting and waits for the stream to begin. */
export async function openStream(
  gateway: { readonly url: string },
  key: string,
  greeting: Uint8Array,
): Promise<RawStream> {
  const raw = await openRaw(gateway.url)
  const fields = ['POST /agent/v1/sse HTTP/1.1', 'Host: gw', bearer(key), `Content-Length: ${greeting.length}`]
  raw.write(Buffer.concat([Buffer.from(`${fields.join('\r\n')}\r\n\r\n`), greeting]))
  const head = await raw.until('\r\n\r\n')
  const session = /^corral-session: (\S+)\r$/m.exec(head)?.[1] ?? ''
  return {
    raw,
    session,
    post: (body, as = {}) =>
      fetch(`${gateway.url}/agent/v1/up`, {
        method: 'POST',
        headers: { authorization: `Bearer ${as.key ?? key}`, 'corral-session': as.session ?? session },
        body: new Uint8Array(body),
      }),
    [Symbol.dispose]: () => raw[Symbol.dispose](),
  }
}
