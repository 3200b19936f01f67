import { type FaultRelay, startFaultRelay } from '../../test/fakes/fault-relay/fault-relay.ts'
import { untilState } from '../../test/system/harness/agent-before.ts'
import { createAgentKey, startAgent } from '../../test/system/harness/start-agent.ts'
import { measured, type MeasuredServer, startLogged, STUB_SLOTS } from './gateway.ts'

export interface TunnelOptions {
  readonly transport?: 'ws' | 'sse'
  /** There and back between agent and gateway; 0: nothing stands between them. */
  readonly roundTripMs?: number
}

export interface MeasuredTunnel extends MeasuredServer {
  readonly agentPid: number
}

/** More than any window of the tunnel: what limits is not the line. */
const MAX_ON_LINE_BYTES = 32 * 1024 * 1024

/** A line that is long, and as fast as the machine. */
export function startLongLine(url: string, roundTripMs: number): Promise<FaultRelay> {
  return startFaultRelay(url, { toxics: { latencyMs: roundTripMs / 2 }, maxHeldBytes: MAX_ON_LINE_BYTES })
}

const ID = 'beside-stub'

/** Corral in front of the stub, which it reaches through an agent only. Gateway and agent are processes of their own. */
export async function startTunnel(stubUrl: string, options: TunnelOptions = {}): Promise<MeasuredTunnel> {
  const { transport = 'ws', roundTripMs = 0 } = options
  await using stack = new AsyncDisposableStack()
  const gateway = stack.use(await startLogged({ agents: { pools: [{ name: 'default', slots: STUB_SLOTS }] } }))
  const server = stack.use(await measured(gateway))
  const line = roundTripMs === 0 ? undefined : stack.use(await startLongLine(gateway.url, roundTripMs))
  const key = await createAgentKey(gateway)
  const agent = stack.use(
    await startAgent({ server: line?.url ?? gateway.url, key, ollama: stubUrl, id: ID, transport }),
  )
  await untilState(gateway, ID, 'up')
  const all = stack.move()
  return { ...server, agentPid: agent.pid, [Symbol.asyncDispose]: () => all.disposeAsync() }
}
