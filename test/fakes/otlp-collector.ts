import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly traceState?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, string>> }[]
  readonly status: { readonly code: number; readonly message?: string }
}

export interface OtlpCollector extends AsyncDisposable {
  /** As OTEL_EXPORTER_OTLP_ENDPOINT names it. */
  readonly url: string
  /** Of every post that was taken, in order. */
  spans(): readonly CollectedSpan[]
  /** `service.name` of the last resource. */
  service(): string | undefined
  /** Of every post that came, taken or not. */
  readonly posts: readonly { readonly headers: IncomingHttpHeaders; readonly body: string }[]
  /** What was wrong with posts; none of those is taken. */
  readonly problems: readonly string[]
  /** Statuses of the next answers; once they are used up, 200. */
  refuse(...statuses: readonly number[]): void
  /** Forgets what came. */
  forget(): void
  /** Of each post that is taken, how many spans the answer says were not. */
  rejects: number
}

/** An OpenTelemetry collector on 127.0.0.1 that takes spans at `path` as JSON over HTTP, and is strict about what it takes. */
export async function startOtlpCollector(path = '/v1/traces'): Promise<OtlpCollector> {
  const posts: { headers: IncomingHttpHeaders; body: string }[] = []
  const problems: string[] = []
  const statuses: number[] = []
  const spans: CollectedSpan[] = []
  let service: string | undefined
  const state = { rejects: 0 }

  function take(body: string): void {
    const read = readRequest(body)
    const problem = read.spans.map(spanProblem).find((each) => each !== undefined)
    if (problem !== undefined) throw new Error(problem)
    spans.push(...read.spans)
    service = read.service
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      posts.push({ headers: request.headers, body })
      const isPost = request.method === 'POST' && request.url === path
      const isJson = request.headers['content-type'] === 'application/json'
      const wanted = isJson ? (statuses.shift() ?? 200) : 415
      let status = isPost ? wanted : 404
      if (status === 200) {
        try {
          take(body)
        } catch (error) {
          problems.push(error instanceof Error ? error.message : String(error))
          status = 400
        }
      } else if (!isPost || !isJson)
        problems.push(`${request.method} ${request.url} as ${request.headers['content-type']}`)
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(
        state.rejects > 0 ? JSON.stringify({ partialSuccess: { rejectedSpans: String(state.rejects) } }) : '{}',
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    service: () => service,
    posts,
    problems,
    refuse: (...more) => void statuses.push(...more),
    forget() {
      posts.length = 0
      spans.length = 0
    },
    get rejects() {
      return state.rejects
    },
    set rejects(count) {
      state.rejects = count
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

interface ReadRequest {
  readonly service: string | undefined
  readonly spans: readonly CollectedSpan[]
}

/** ExportTraceServiceRequest with one resource and one scope, and no field that the protocol does not have. */
function readRequest(body: string): ReadRequest {
  const request = onlyFields(JSON.parse(body), ['resourceSpans'])
  const [resourceSpans] = request['resourceSpans'] as unknown[]
  const { resource, scopeSpans } = onlyFields(resourceSpans, ['resource', 'scopeSpans'])
  const { attributes } = onlyFields(resource, ['attributes'])
  const [scoped] = scopeSpans as unknown[]
  const { spans } = onlyFields(scoped, ['scope', 'spans'])
  const known = attributes as CollectedSpan['attributes']
  return {
    service: known.find(({ key }) => key === 'service.name')?.value['stringValue'],
    spans: spans as CollectedSpan[],
  }
}

function onlyFields(value: unknown, names: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`no object with ${names.join()}`)
  const odd = Object.keys(value).find((name) => !names.includes(name))
  if (odd !== undefined) throw new Error(`an unknown field ${odd}`)
  return value as Record<string, unknown>
}

const FIELDS = [
  ...['traceId', 'spanId', 'parentSpanId', 'traceState', 'name', 'kind'],
  ...['startTimeUnixNano', 'endTimeUnixNano', 'attributes', 'status'],
]

function spanProblem(span: CollectedSpan): string | undefined {
  onlyFields(span, FIELDS)
  if (!/^(?!0+$)[0-9a-f]{32}$/.test(span.traceId)) return `trace id ${span.traceId}`
  for (const id of [span.spanId, span.parentSpanId ?? span.spanId]) {
    if (!/^(?!0+$)[0-9a-f]{16}$/.test(id)) return `span id ${id}`
  }
  if (span.name === '' || ![1, 2, 3].includes(span.kind)) return `span ${span.name} of kind ${span.kind}`
  const [start, end] = [span.startTimeUnixNano, span.endTimeUnixNano]
  if (![start, end].every((time) => typeof time === 'string' && /^\d{19}$/.test(time)) || start > end) {
    return `times ${start} to ${end}`
  }
  if (![0, 1, 2].includes(span.status.code)) return `status ${span.status.code}`
  return span.attributes.map(attributeProblem).find((each) => each !== undefined)
}

function attributeProblem({ key, value }: CollectedSpan['attributes'][number]): string | undefined {
  const [[kind, text] = ['', ''], ...more] = Object.entries(value)
  const isFit = (kind === 'stringValue' && typeof text === 'string') || (kind === 'intValue' && /^-?\d+$/.test(text))
  return key !== '' && isFit && more.length === 0 ? undefined : `attribute ${key} is ${JSON.stringify(value)}`
}
