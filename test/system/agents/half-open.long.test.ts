import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasProcessFacts, openFiles, residentMegabytes } from '../harness/process-facts.ts'
import { createAgentKey } from '../harness/start-agent.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { bearer, enter, frame, greeting, HANDSHAKE, heardFrames, opcodes, batchOf, ping } from './raw-agent.ts'

const TOTAL = 10_000
const STEP = 250

let gateway: RunningGateway
let key: string

beforeAll(async () => {
  // A small heap is collected often: what grows beside it is kept by somebody.
  gateway = await startGateway({
    config: { agents: { heartbeat: '60s' } },
    env: { NODE_OPTIONS: '--max-old-space-size=64' },
  })
  key = await createAgentKey(gateway)
})
afterAll(() => gateway[Symbol.asyncDispose]())

/** Sends what it is given, and stays until it is destroyed. */
function opened(bytes: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1', () => {
      socket.write(bytes)
      resolve(socket)
    })
    socket.on('error', reject)
  })
}

function head(fields: readonly string[]): string {
  return ['GET /agent/v1 HTTP/1.1', 'Host: gw', ...fields, ''].join('\r\n')
}

/** Ways to begin an upgrade and not go through with it. */
function halves(): Readonly<Record<string, string>> {
  const whole = head([...HANDSHAKE, bearer(key)])
  return {
    'the handshake stops in the middle of a field': whole.slice(0, -20),
    'the handshake lacks its last line': whole,
    'nothing follows the handshake': `${whole}\r\n`,
    'the greeting stops in the middle': `${whole}\r\n${frame(opcodes.binary, greeting('half')).toString('latin1').slice(0, 20)}`,
  }
}

describe('10,000 half-open upgrades', () => {
  it('leave nothing behind, and cost the agents that are there nothing', async (context) => {
    if (!hasProcessFacts) context.skip('/proc is not there')
    using bystander = await enter(gateway, key)
    bystander.write(frame(opcodes.binary, greeting('bystander')))
    await bystander.until('"session_id"')
    const kinds = Object.values(halves())
    let seq = 1
    const round = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += STEP) {
        const sockets = await Promise.all(
          Array.from({ length: STEP }, (_, index) => opened(kinds[index % kinds.length] ?? '')),
        )
        const before = heardFrames(bystander).length
        bystander.write(frame(opcodes.binary, batchOf((seq += 1), ping)))
        await expect.poll(() => heardFrames(bystander).length, { timeout: 5_000 }).toBeGreaterThan(before)
        for (const [index, socket] of sockets.entries()) {
          if (index % 2 === 0) socket.resetAndDestroy()
          else socket.destroy()
        }
      }
    }
    const filesBefore = await openFiles(gateway.pid)
    // What a process has once grown to it keeps.
    await round(10 * STEP)
    const memoryBefore = await residentMegabytes(gateway.pid)
    await round(TOTAL)
    await expect.poll(() => openFiles(gateway.pid), { timeout: 15_000 }).toBeLessThanOrEqual(filesBefore + 2)
    expect((await residentMegabytes(gateway.pid)) - memoryBefore).toBeLessThan(15)
    expect(bystander.socket.destroyed).toBe(false)
  }, 180_000)

  it('that stay are ended by the gateway', async () => {
    const sockets = await Promise.all(Object.values(halves()).map((bytes) => opened(bytes)))
    const endings = sockets.map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.resume()
          socket.once('end', () => socket.end())
          socket.once('close', () => resolve())
        }),
    )
    await Promise.all(endings)
  }, 30_000)
})
