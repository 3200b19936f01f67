import { startCorral } from '../parts/gateway.ts'
import { longestWait } from '../parts/longest-wait.ts'
import type { Bench, Measure, Row, RowResult } from '../parts/row.ts'
import { median } from '../parts/statistics.ts'
import { MODEL } from '../parts/workload.ts'
import { isKnownName } from '../../src/proxy/known-fields.ts'
import { scanObject } from '../../src/proxy/object-scan.ts'

interface Scan {
  readonly totalMs: number
  /** Between two moments at which the event loop may do something else. */
  readonly longestStepMs: number
}

const SIZE = 20 * 1024 * 1024
const REACH_MS = 5

export const bodyPeek: Row = { name: 'body-peek', title: 'Body peek', measure }

async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  const bodies = { base64: base64Body(), strings: stringsBody() }
  const rounds = quick ? 7 : 21
  const base64 = Array.from({ length: rounds }, () => scan(bodies.base64))
  const strings = Array.from({ length: rounds }, () => scan(bodies.strings))
  say('scanned')
  const waits = {
    base64: await waitsBehind(bodies.base64, stubUrl, rounds),
    strings: await waitsBehind(bodies.strings, stubUrl, rounds),
  }
  const held = strings.map((each) => each.longestStepMs)
  return {
    measures: [
      judge('body peek, 20 MB of base64: whole scan', median(base64.map((each) => each.totalMs))),
      judge('body peek, 20 MB of short strings: longest hold of the event loop', median(held)),
    ],
    details: [
      `- base64: whole scan ${list(base64.map((each) => each.totalMs))}`,
      `- short strings: longest step ${list(held)}; whole scan ${list(strings.map((each) => each.totalMs))}`,
      `- cross-check, longest wait of \`GET /livez\` on another connection while a running gateway takes such a body: base64 ${list(waits.base64)}; short strings ${list(waits.strings)}`,
    ],
  }
}

/** The first scan is not counted: it is compiled on the way. */
function scan(body: Uint8Array): Scan {
  const startedAt = performance.now()
  let longestStepMs = 0
  let stepAt = startedAt
  const steps = scanObject(body, isKnownName)
  for (let step = steps.next(); ; step = steps.next()) {
    const now = performance.now()
    longestStepMs = Math.max(longestStepMs, now - stepAt)
    stepAt = now
    if (step.done !== true) continue
    if (step.value.kind !== 'object') throw new Error('The body was not understood')
    return { totalMs: now - startedAt, longestStepMs }
  }
}

async function waitsBehind(body: Buffer, stubUrl: string, rounds: number): Promise<number[]> {
  await using corral = await startCorral(stubUrl)
  const waits: number[] = []
  for (let i = 0; i < Math.ceil(rounds / 3); i++) waits.push(await longestWait(corral, body))
  return waits
}

function base64Body(): Buffer {
  const image = Buffer.alloc((SIZE * 3) / 4, 'picture').toString('base64')
  return Buffer.from(`{"model":"${MODEL}","images":["${image}"],"stream":false}`)
}

function stringsBody(): Buffer {
  const strings = '"ab",'.repeat(SIZE / 5)
  return Buffer.from(`{"model":"${MODEL}","context":[${strings}""],"stream":false}`)
}

function judge(what: string, value: number): Measure {
  return { what, reach: `<= ${REACH_MS} ms`, measured: `${value.toFixed(1)} ms`, reached: value <= REACH_MS }
}

function list(values: readonly number[]): string {
  return `median ${median(values).toFixed(1)} ms, worst ${Math.max(...values).toFixed(1)} ms`
}
