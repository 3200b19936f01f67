import http, { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type HttpFault =
  /** It arrives, and its answer does not. */
  | 'lose-answer'
  /** It does not arrive; its sender sees the connection break. */
  | 'lose-request'
  /** It arrives twice at once; the sender hears the second answer. */
  | 'double'
  /** It arrives, and once more after the next one to the same path. */
  | 'late-copy'
  /** Its sender sees the connection break, and it arrives after the next one: overtaken. */
  | 'overtaken'

export interface HttpFaultRule {
  readonly path: string
  readonly fault: HttpFault
  /** Hits each nth request to the path; 1 is all of them. */
  readonly every: number
}

export interface HttpRelay extends AsyncDisposable {
  readonly url: string
  use(rules: readonly HttpFaultRule[]): void
  /** How many requests each fault has hit. */
  hits(): Readonly<Partial<Record<HttpFault, number>>>
  /** Statuses of what the target answered to each delivery on a path, in order; copies among them. */
  statuses(path: string): readonly number[]
}

interface Delivered {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  readonly body: Buffer
}

interface Held {
  readonly method: string
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly body: Buffer
}

/** Stands where a proxy would: passes HTTP on, event streams as they come, and mishandles whole requests as told. */
export async function startHttpRelay(target: string): Promise<HttpRelay> {
  const agent = new http.Agent({ keepAlive: true })
  const seen = new Map<string, number>()
  const hits: Partial<Record<HttpFault, number>> = {}
  const statuses = new Map<string, number[]>()
  let rules: readonly HttpFaultRule[] = []
  /** What arrives after the next request to its path. */
  const late = new Map<string, Held[]>()

  const faultFor = (path: string): HttpFault | undefined => {
    const rule = rules.find((each) => each.path === path)
    if (rule === undefined) return undefined
    const count = (seen.get(path) ?? 0) + 1
    seen.set(path, count)
    if (count % rule.every !== 0) return undefined
    hits[rule.fault] = (hits[rule.fault] ?? 0) + 1
    return rule.fault
  }
  const deliver = (held: Held): Promise<Delivered> =>
    new Promise((resolve, reject) => {
      const request = http.request(
        target + held.path,
        { method: held.method, headers: held.headers, agent },
        (response) => {
          void gather(response).then((body) => {
            const status = response.statusCode ?? 0
            statuses.set(held.path, [...(statuses.get(held.path) ?? []), status])
            resolve({ status, headers: response.headers, body })
          }, reject)
        },
      )
      request.on('error', reject)
      request.end(held.body)
    })
  const deliverLate = async (path: string): Promise<void> => {
    const waiting = late.get(path) ?? []
    late.delete(path)
    for (const held of waiting) await deliver(held).catch(() => undefined)
  }
  const mishandle = async (fault: HttpFault | undefined, held: Held): Promise<Delivered | 'broken'> => {
    switch (fault) {
      case 'lose-request':
        return 'broken'
      case 'overtaken':
        late.set(held.path, [...(late.get(held.path) ?? []), held])
        return 'broken'
      case 'lose-answer':
        await deliver(held)
        return 'broken'
      case 'double':
        await deliver(held)
        return deliver(held)
      default: {
        const answer = await deliver(held)
        await deliverLate(held.path)
        if (fault === 'late-copy') late.set(held.path, [held])
        return answer
      }
    }
  }
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    const { method = 'GET', url: path = '/', headers } = request
    const fault = faultFor(path)
    if (fault === undefined && !late.has(path)) return passOn(request, response, target + path)
    gather(request)
      .then((body) => mishandle(fault, { method, path, headers, body }))
      .then(
        (answer) => {
          if (answer === 'broken') request.socket.resetAndDestroy()
          else response.writeHead(answer.status, answer.headers).end(answer.body)
        },
        () => void request.socket.destroy(),
      )
  })
  const passOn = (request: IncomingMessage, response: ServerResponse, url: string): void => {
    // As proxies do that know nothing of upgrades (RFC 9110 section 7.6.1).
    const { upgrade: _upgrade, connection: _connection, ...headers } = request.headers
    const outgoing = http.request(url, { method: request.method, headers, agent }, (answer) => {
      const path = request.url ?? '/'
      statuses.set(path, [...(statuses.get(path) ?? []), answer.statusCode ?? 0])
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders()
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    })
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
    request.on('error', () => outgoing.destroy())
    request.pipe(outgoing)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP, so never a path
  return {
    url: `http://127.0.0.1:${port}`,
    use(next) {
      rules = next
      seen.clear()
    },
    hits: () => hits,
    statuses: (path) => statuses.get(path) ?? [],
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      agent.destroy()
      await closed
    },
  }
}

async function gather(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
