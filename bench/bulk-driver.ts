import { connect } from 'node:net'
import { BulkCheck, bulkBytes } from './parts/bulk.ts'
import type { BulkOrder, BulkReport } from './parts/run-bulk.ts'
import { bulkBody, chatRequest } from './parts/workload.ts'

// Takes one large answer as fast as it comes, and checks every byte. The report is a line of JSON on stdout.

const order = JSON.parse(process.argv[2] ?? '') as BulkOrder
const { hostname, port } = new URL(order.target.url)
const check = new BulkCheck(order.pieces)
const total = bulkBytes(order.pieces)
let head = ''
let isBody = false
let halfAt = 0
let halfBytes = 0

const socket = connect({ host: hostname, port: Number(port) })
const startedAt = performance.now()
socket.write(chatRequest(order.target, bulkBody(order.pieces)))
socket.on('data', (bytes: Buffer) => {
  take(isBody ? bytes : afterHead(bytes))
  if (isBody && check.taken >= total) report()
})
socket.on('close', report)
socket.on('error', () => {})

/** Nothing, until the head is whole. */
function afterHead(bytes: Buffer): Buffer {
  const before = head.length
  head += bytes.toString('latin1')
  const end = head.indexOf('\r\n\r\n')
  isBody = end >= 0
  return isBody ? bytes.subarray(end + 4 - before) : Buffer.alloc(0)
}

function take(bytes: Buffer): void {
  check.push(bytes)
  if (halfBytes > 0 || check.taken < total / 2) return
  halfBytes = check.taken
  halfAt = performance.now()
}

function report(): void {
  const now = performance.now()
  const isWhole = head.startsWith('HTTP/1.1 200') && check.isWhole()
  const line: BulkReport = {
    isWhole,
    bytesPerSecond: (check.taken * 1000) / (now - startedAt),
    secondHalfBytesPerSecond: ((check.taken - halfBytes) * 1000) / (now - halfAt),
  }
  console.log(JSON.stringify(line))
  process.exit()
}
