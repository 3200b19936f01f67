import type { Answer } from './answer.ts'
import type { Fault } from './faults.ts'
import { encode } from './go-json.ts'

/** A native stream of a given size, no faster than its reader. */
export async function flood(answer: Answer, fault: Fault): Promise<void> {
  const bytes = fault.bytes ?? 1_000_000
  const lineBytes = Math.max(128, fault.lineBytes ?? 16_384)
  const line = floodLine(lineBytes)
  answer.head(200, [['Content-Type', 'application/x-ndjson']])
  for (let sent = 0; sent < bytes; sent += lineBytes) await answer.write(line)
  await answer.write(
    `${encode({ model: 'tiny', created_at: CREATED, response: '', done: true, done_reason: 'stop' })}\n`,
  )
  await answer.end()
}

const CREATED = '2026-01-01T00:00:00Z'

function floodLine(lineBytes: number): string {
  const empty = encode({ model: 'tiny', created_at: CREATED, response: '', done: false })
  const text = 'x'.repeat(lineBytes - empty.length - 1)
  return `${encode({ model: 'tiny', created_at: CREATED, response: text, done: false })}\n`
}
