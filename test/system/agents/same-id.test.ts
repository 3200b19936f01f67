import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../../src/lib/clock.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { startSystemTimer } from '../../../src/routing/timer.ts'
import { createDial } from '../../../src/tunnel/agent/dial.ts'
import { defaultWindows, type Hello, PROTOCOL_VERSION } from '../../../src/tunnel/wire/greeting.ts'
import { createLink } from '../../../src/tunnel/wire/link.ts'
import { type AgentScene, startAgentScene, tunnels } from '../harness/agent-before.ts'

let scene: AgentScene
beforeAll(async () => {
  scene = await startAgentScene({ config: { upstreams: [{ name: 'fixed', url: 'http://127.0.0.1:9' }] } })
})
afterAll(() => scene[Symbol.asyncDispose]())

interface Greeted {
  /** How the link ended. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  /** Resolves when it was let in. */
  readonly welcomed: Promise<void>
  leave(): void
}

/** A process of an agent as far as the gateway can tell: it greets under any name, from any host, in any version. */
async function greet(transport: 'ws' | 'sse', given: Partial<Hello>): Promise<Greeted> {
  const dial = createDial({ url: scene.gateway.url, key: new Secret(scene.agentKey), ca: null })
  const open = await dial(transport, new AbortController().signal)
  let tell: (ending: { code: number; reason: string }) => void = () => undefined
  let welcome = (): void => undefined
  const closed = new Promise<{ code: number; reason: string }>((resolve) => (tell = resolve))
  const welcomed = new Promise<void>((resolve) => (welcome = resolve))
  const link = createLink(
    open,
    { role: 'agent', windows: defaultWindows, heartbeatMs: 15_000 },
    {
      clock: systemClock,
      startTimer: startSystemTimer,
      defer: setImmediate,
      opened: () => undefined,
      frame: (frame) => void (frame.type === 'hello-ack' && welcome()),
      closed: (code, reason) => tell({ code, reason }),
    },
  )
  onTestFinished(() => link.close(1000, ''))
  const hello = {
    versions: [PROTOCOL_VERSION],
    software: 'test',
    agentId: 'shared',
    instance: 'one',
    host: 'host-one',
    pool: null,
    allow: ['chat'],
    maxStreams: 10,
    windows: defaultWindows,
    ...given,
  }
  link.send({ type: 'hello', hello })
  return { closed, welcomed, leave: () => link.close(1000, '') }
}

describe.each(tunnels)('via %s', (transport) => {
  it('two live processes that take an id from each other: the second try is refused, and both hosts are named', async () => {
    const agentId = `shared-${transport}`
    const one = await greet(transport, { agentId })
    await one.welcomed
    const two = await greet(transport, { agentId, instance: 'two', host: 'host-two' })
    await two.welcomed
    expect(await one.closed).toEqual({ code: 4409, reason: 'Another connection took the id, from host host-two' })
    const again = await greet(transport, { agentId })
    expect(await again.closed).toEqual({
      code: 4409,
      reason: `Id ${agentId} is used on host-two and on host-one: give one another id`,
    })
    // Whoever holds it keeps it.
    const stays = await Promise.race([two.closed, new Promise((resolve) => setTimeout(resolve, 200, 'stays'))])
    expect(stays).toBe('stays')
  })

  it('the same process may come back as often as its line breaks', async () => {
    const agentId = `again-${transport}`
    for (let i = 0; i < 5; i += 1) {
      const link = await greet(transport, { agentId })
      await link.welcomed
    }
  })

  it('a process of another version is told which side to upgrade', async () => {
    const newer = await greet(transport, { agentId: `newer-${transport}`, versions: [PROTOCOL_VERSION + 1] })
    expect(await newer.closed).toEqual({ code: 4406, reason: expect.stringMatching(/upgrade the gateway$/) })
    const both = await greet(transport, {
      agentId: `both-${transport}`,
      versions: [PROTOCOL_VERSION + 1, PROTOCOL_VERSION],
    })
    await both.welcomed
  })

  it('a process may not take the name of an upstream of the config, nor a pool that is not there', async () => {
    const lost = await greet(transport, { agentId: `lost-${transport}`, pool: 'nowhere' })
    expect(await lost.closed).toEqual({ code: 4403, reason: 'The key is not of pool nowhere' })
    const fixed = await greet(transport, { agentId: 'fixed' })
    expect(await fixed.closed).toEqual({ code: 4409, reason: expect.stringContaining('choose another id') })
  })
})
