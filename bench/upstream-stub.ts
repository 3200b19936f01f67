import { createServer, type AddressInfo, type Socket } from 'node:net'
import { BULK_END, BULK_START, bulkBytes, bulkPiece } from './parts/bulk.ts'
import { LAST_LINE, MODEL, streamLine } from './parts/workload.ts'

// A model server that costs next to nothing: answers are rendered beforehand, of a request it reads only the length,
// and from its body whether and how long to stream. Its URL goes to stdout.

interface Stream {
  readonly socket: Socket
  readonly seed: number
  readonly chunks: number
  sent: number
}

const HEAD_END = '\r\n\r\n'
const MAX_BODY_START = 4096
const CHUNKS_PER_SECOND = 50
/** Streams take turns, as those of real servers do; one burst of all would suit whoever reads in batches. */
const PHASES = 10
const PHASE_MS = 1000 / CHUNKS_PER_SECOND / PHASES

const chatAnswer = whole(
  `{"model":"${MODEL}","created_at":"2026-01-01T00:00:00.000000000Z","message":{"role":"assistant","content":" word water that no and your"},"done":true,"done_reason":"stop","total_duration":79295033,"load_duration":1290129,"prompt_eval_count":30,"prompt_eval_duration":1197638,"eval_count":6,"eval_duration":75732769}`,
)
const listAnswer = whole(`{"models":[{"name":"${MODEL}:latest","model":"${MODEL}:latest","size":1,"digest":"a"}]}`)
const versionAnswer = whole('{"version":"0.24.0"}')
const streamHead =
  'HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nTransfer-Encoding: chunked\r\n\r\n'
const streamEnd = `${frame(LAST_LINE)}0\r\n\r\n`

const phases: Set<Stream>[] = Array.from({ length: PHASES }, () => new Set())
let nextPhase = 0
let ticks = 0
const startedAt = performance.now()

setInterval(() => {
  // Late ticks are made up for, so that the rate holds on a busy machine.
  const due = Math.floor((performance.now() - startedAt) / PHASE_MS)
  for (; ticks < due; ticks++) {
    for (const stream of phases[ticks % PHASES] ?? []) advance(stream)
  }
}, PHASE_MS)

const server = createServer((socket) => {
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('close', () => {
    for (const phase of phases) for (const stream of phase) if (stream.socket === socket) phase.delete(stream)
  })
  socket.on(
    'data',
    createRequestReader((head, body) => answer(socket, head, body)),
  )
})
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

/** Calls back with each head and the beginning of its body, once the whole body has come. */
function createRequestReader(onRequest: (head: string, body: string) => void): (chunk: Buffer) => void {
  let head: string | null = null
  let text = ''
  let bodyLeft = 0
  return (chunk) => {
    text += chunk.toString('latin1')
    for (;;) {
      if (head === null) {
        const end = text.indexOf(HEAD_END)
        if (end < 0) return
        head = text.slice(0, end)
        text = text.slice(end + HEAD_END.length)
        bodyLeft = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      }
      if (text.length < bodyLeft) {
        // Of a large body only the beginning is kept, or reading it would cost more than what is measured.
        if (text.length > MAX_BODY_START) {
          bodyLeft -= text.length - MAX_BODY_START
          text = text.slice(0, MAX_BODY_START)
        }
        return
      }
      const request = head
      const body = text.slice(0, bodyLeft)
      text = text.slice(bodyLeft)
      head = null
      onRequest(request, body)
    }
  }
}

function answer(socket: Socket, head: string, body: string): void {
  if (head.startsWith('GET /api/version')) socket.write(versionAnswer)
  else if (head.startsWith('GET')) socket.write(listAnswer)
  else if (body.includes('"stream":true')) startStream(socket, body)
  else if (body.includes('"bulk":')) sendBulk(socket, Number(/"bulk":(\d+)/.exec(body)?.[1]))
  else socket.write(chatAnswer)
}

/** As fast as it is taken. */
function sendBulk(socket: Socket, pieces: number): void {
  let sent = 0
  const send = (): void => {
    while (sent < pieces && !socket.destroyed) {
      if (!socket.write(bulkPiece(sent++))) return void socket.once('drain', send)
    }
    socket.write(BULK_END)
  }
  const fields = `Content-Type: application/json\r\nContent-Length: ${bulkBytes(pieces)}\r\n`
  socket.write(`HTTP/1.1 200 OK\r\n${fields}Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n${BULK_START}`)
  send()
}

function startStream(socket: Socket, body: string): void {
  const seed = Number(/"seed":(\d+)/.exec(body)?.[1] ?? 0)
  const chunks = Number(/"num_predict":(\d+)/.exec(body)?.[1] ?? 1)
  socket.write(streamHead + frame(streamLine(seed, 0)), 'latin1')
  phases[nextPhase]?.add({ socket, seed, chunks, sent: 1 })
  nextPhase = (nextPhase + 1) % PHASES
}

function advance(stream: Stream): void {
  if (stream.sent < stream.chunks) {
    stream.socket.write(frame(streamLine(stream.seed, stream.sent++)), 'latin1')
    return
  }
  for (const phase of phases) phase.delete(stream)
  stream.socket.write(streamEnd, 'latin1')
}

function frame(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

function whole(body: string): Buffer {
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
}
