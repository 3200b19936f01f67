import { connect, type Socket } from 'node:net'
import { AnswerReader } from './parts/answer-reader.ts'
import { StreamCheck } from './parts/stream-check.ts'
import type { StreamOrder, StreamReport } from './parts/stream-order.ts'
import { chatBody, chatRequest } from './parts/workload.ts'

// Opens streams, each on a connection of its own, one stream after the other on each until the time is over, and
// checks every byte. Each report is a line of JSON on stdout.

const order = JSON.parse(process.argv[2] ?? '') as StreamOrder
/** A short rest between two streams of a connection, so that their beginnings spread. */
const PAUSE_MS = 5
const SETTLE_MS = 500
const { hostname, port } = new URL(order.target.url)

let running = 0
let flowing = 0
let chunks = 0
let broken = 0
let streams = 0
let nextSeed = 1
let isMeasuring = false
let firstTokens: number[] = []
let gaps: number[] = []
const endsAt = performance.now() + order.forMs

for (let i = 0; i < order.streams; i++) setTimeout(open, (i * order.rampMs) / order.streams)

function open(): void {
  running++
  const socket = connect({ host: hostname, port: Number(port) })
  socket.setNoDelay(true)
  socket.on('connect', () => run(socket, true))
  socket.on('error', () => {})
}

/** One stream, and the next one when it is over. */
function run(socket: Socket, isFirst: boolean): void {
  const seed = nextSeed++
  const check = new StreamCheck(seed, order.chunks)
  let lastAt = 0
  let status = 0
  let isOver = false
  const over = (whole: boolean): void => {
    if (isOver) return
    isOver = true
    streams++
    if (!whole || status !== 200) broken++
    socket.removeAllListeners('data').removeAllListeners('close')
    if (performance.now() < endsAt && whole) return void setTimeout(run, PAUSE_MS, socket, false)
    socket.destroy()
    if (--running === 0) report('done')
  }
  const reader = new AnswerReader({
    head: (value) => void (status = value),
    text(piece) {
      const now = performance.now()
      chunks += check.push(piece)
      // The first stream of a connection pays for the connection.
      if (lastAt > 0 && isMeasuring) gaps.push(now - lastAt)
      else if (lastAt === 0 && !isFirst) firstTokens.push(now - sentAt)
      if (lastAt === 0 && isFirst && ++flowing === order.streams) measure()
      lastAt = now
    },
    end: () => over(check.isWhole()),
  })
  socket.on('data', (bytes) => reader.feed(bytes))
  socket.on('close', () => over(false))
  const sentAt = performance.now()
  socket.write(chatRequest(order.target, chatBody({ stream: true, seed, chunks: order.chunks })))
}

/** Once every stream flows, for a while that begins and ends with a report. */
function measure(): void {
  if (order.windowMs === null) return
  const { windowMs } = order
  setTimeout(() => {
    isMeasuring = true
    report('begin')
    setTimeout(() => {
      report('end')
      isMeasuring = false
    }, windowMs)
  }, SETTLE_MS)
}

function report(what: StreamReport['what']): void {
  const line: StreamReport = { what, chunks, streams, broken, firstTokens, gaps }
  console.log(JSON.stringify(line))
  firstTokens = what === 'done' ? firstTokens : []
  gaps = []
}
