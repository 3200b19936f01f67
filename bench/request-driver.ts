import { connect, type Socket } from 'node:net'
import { AnswerReader } from './parts/answer-reader.ts'
import type { RequestOrder } from './parts/request-order.ts'
import { chatBody, chatRequest } from './parts/workload.ts'

// Sends a number of small chats over some connections, of which one in `abortEvery` is given up: in the middle of its
// body, before its answer, or in the middle of a streamed answer. Says how many are over, in steps, on stdout.

const order = JSON.parse(process.argv[2] ?? '') as RequestOrder
const { hostname, port } = new URL(order.target.url)
const small = chatRequest(order.target, chatBody({ stream: false, seed: 1, chunks: 6 }))
const streamed = chatRequest(order.target, chatBody({ stream: true, seed: 1, chunks: 1000 }))

/** Connections that this side gives up, now or in the course of their present request. */
const isGivenUp = new WeakSet<Socket>()
let begun = 0
let over = 0
let aborts = 0
let failed = 0

for (let i = 0; i < order.connections; i++) open()

function open(): void {
  const socket = connect({ host: hostname, port: Number(port) })
  socket.setNoDelay(true)
  socket.on('error', () => {})
  const answered = (isOk: boolean): void => {
    if (!isOk) failed++
    finished()
    next(socket)
  }
  let status = 0
  const reader = new AnswerReader({
    head: (value) => void (status = value),
    text() {
      if (isGivenUp.has(socket)) abort(socket)
    },
    end: () => answered(status === 200),
  })
  socket.on('data', (bytes) => {
    if (!socket.destroyed) reader.feed(bytes)
  })
  socket.on('close', () => {
    // A connection that nobody here gave up was cut by the server.
    if (!isGivenUp.has(socket)) failed++
  })
  socket.on('connect', () => next(socket))
}

function next(socket: Socket): void {
  begun++
  if (begun > order.requests) return retire(socket)
  if (begun % order.abortEvery !== 0) return void socket.write(small)
  isGivenUp.add(socket)
  const way = aborts++ % 3
  if (way === 0) socket.write(streamed)
  else socket.write(way === 1 ? small : small.slice(0, -20), () => setTimeout(abort, 1, socket))
}

function retire(socket: Socket): void {
  isGivenUp.add(socket)
  socket.destroy()
}

function abort(socket: Socket): void {
  if (socket.destroyed) return
  socket.destroy()
  finished()
  open()
}

function finished(): void {
  over++
  if (over % order.reportEvery === 0) console.log(JSON.stringify({ over, failed }))
  if (over >= order.requests) process.exit()
}
