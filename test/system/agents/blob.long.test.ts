import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startAgentScene, tunnels } from '../harness/agent-before.ts'
import { hasProcessFacts, residentMegabytes } from '../harness/process-facts.ts'
import { rawRequest } from '../harness/raw-request.ts'

const GIGABYTE = 1024 * 1024 * 1024
const HEAP = '--max-old-space-size=64'
/** Of each process, beyond what it took before: a heap of 64 MB, the windows of one connection, and what waits to be collected. */
const MAY_GROW_MEGABYTES = 160

describe.each(tunnels)('a blob of 1 GB, via %s,', (transport) => {
  it('passes a gateway and an agent with heaps of 64 MB', async () => {
    const scene = await startAgentScene({ env: { NODE_OPTIONS: HEAP } })
    onTestFinished(() => scene[Symbol.asyncDispose]())
    const { agent, fake } = await scene.addAgent({ transport, nodeArgs: [HEAP] })
    const piece = Buffer.alloc(1024 * 1024, 'corral ')
    const hash = createHash('sha256')
    for (let at = 0; at < GIGABYTE; at += piece.length) hash.update(piece)
    const digest = hash.digest('hex')
    const path = `/api/blobs/sha256:${digest}`
    const growth = watchGrowth([scene.gateway.pid, agent.pid])
    const socket = connect(scene.gateway.port, '127.0.0.1')
    socket.on('error', () => undefined)
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
    socket.write(rawRequest(path, { method: 'POST', key: scene.key, contentLength: GIGABYTE }))
    const startedAt = performance.now()
    for (let at = 0; at < GIGABYTE; at += piece.length) {
      if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve))
    }
    await expect.poll(() => answer, { timeout: 300_000 }).toMatch(/^HTTP\/1\.1 201 /)
    const seconds = (performance.now() - startedAt) / 1000
    socket.destroy()
    const grown = await growth.stop()
    console.log(`${transport}: 1 GB in ${seconds.toFixed(1)} s, grown by ${grown.map(Math.round).join(' and ')} MB`)
    expect(fake.counters.requestsTo(path).at(-1)).toMatchObject({ bodyBytes: GIGABYTE, bodySha256: digest })
    for (const megabytes of grown) expect(megabytes).toBeLessThan(MAY_GROW_MEGABYTES)
  })
})

/** The most that each process had resident at any look, less what it had at first. */
function watchGrowth(pids: readonly number[]): { stop(): Promise<number[]> } {
  if (!hasProcessFacts) return { stop: () => Promise.resolve(pids.map(() => 0)) }
  const seen: number[][] = []
  const look = async (): Promise<void> => void seen.push(await Promise.all(pids.map(residentMegabytes)))
  const timer = setInterval(() => void look(), 100)
  const first = Promise.all(pids.map(residentMegabytes))
  return {
    async stop() {
      clearInterval(timer)
      await look()
      const atFirst = await first
      return atFirst.map((before, index) => Math.max(...seen.map((each) => each[index] ?? 0)) - before)
    },
  }
}
