export interface RawRequest {
  readonly method: string
  readonly target: string
  /** Name and value as they stood, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  /** Whether the body came with a length or in chunks; `none` without either. */
  readonly framing: 'length' | 'chunked' | 'none'
  /** Every byte of it as received. */
  readonly raw: Buffer
}

export interface RequestReceiver {
  /** The next one waits until this one has been dealt with. */
  request(request: RawRequest): Promise<void>
  /** A head with `Expect: 100-continue` has come; its body waits. */
  awaitsContinue(): void
}

/** Cuts what arrives on one connection into requests. */
export function createRequestReader(receiver: RequestReceiver): (chunk: Buffer) => void {
  let pending = Buffer.alloc(0)
  let busy = false
  let asked = false

  async function work(): Promise<void> {
    if (busy) return
    busy = true
    for (let next = readRequest(pending); next !== undefined; next = readRequest(pending)) {
      pending = pending.subarray(next.raw.length)
      asked = false
      await receiver.request(next)
    }
    busy = false
    const waits = /\r\nexpect: *100-continue\r\n[^]*\r\n\r\n/i.test(pending.toString('latin1'))
    if (waits && !asked) receiver.awaitsContinue()
    asked ||= waits
  }

  return (chunk) => {
    pending = Buffer.concat([pending, chunk])
    void work()
  }
}

function readRequest(bytes: Buffer): RawRequest | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [requestLine = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n')
  const [method = '', target = ''] = requestLine.split(' ')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
  })
  const start = headEnd + 4
  const field = (name: string): string | undefined => headers.find(([n]) => n.toLowerCase() === name)?.[1]
  const base = { method, target, headers }
  if (field('transfer-encoding') !== undefined) {
    const chunks = readChunks(bytes, start)
    return chunks && { ...base, body: chunks.body, framing: 'chunked', raw: bytes.subarray(0, chunks.end) }
  }
  const length = field('content-length')
  const end = start + Number(length ?? 0)
  if (bytes.length < end) return undefined
  return {
    ...base,
    body: bytes.subarray(start, end),
    framing: length === undefined ? 'none' : 'length',
    raw: bytes.subarray(0, end),
  }
}

function readChunks(bytes: Buffer, start: number): { body: Buffer; end: number } | undefined {
  const parts: Buffer[] = []
  let position = start
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', position)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.subarray(position, lineEnd).toString('latin1'), 16)
    const next = lineEnd + 2 + size + 2
    if (bytes.length < next) return undefined
    if (size === 0) return { body: Buffer.concat(parts), end: next }
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    position = next
  }
}
