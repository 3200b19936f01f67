import type { Clock } from '../../lib/clock.ts'
import { closeCodes } from '../wire/codes.ts'
import { defaultWindows, type HelloAck, PROTOCOL_VERSION } from '../wire/greeting.ts'
import { createLink } from '../wire/link.ts'
import type { TransportKind } from '../wire/transport.ts'
import { DialError } from './dial-error.ts'
import { type Dial, isRefusal } from './run-agent.ts'

export interface Greeting {
  readonly kind: TransportKind
  readonly id: string
  readonly pool: string | null
  readonly host: string
  readonly software: string
}

export type GreetingResult =
  | { readonly kind: 'greeted'; readonly ack: HelloAck }
  | { readonly kind: 'failed'; readonly isRefusal: boolean; readonly reason: string }

export interface GreetingDeps {
  readonly dial: Dial
  readonly clock: Clock
  startTimer(delayMs: number, run: () => void): () => void
  defer(run: () => void): void
}

const LIMIT_MS = 10_000

/** Connects, greets and leaves again. Never rejects. */
export async function tryGreeting(greeting: Greeting, deps: GreetingDeps): Promise<GreetingResult> {
  const { clock, startTimer, defer } = deps
  const stopping = new AbortController()
  const cancelTimer = startTimer(LIMIT_MS, () => stopping.abort())
  try {
    const transport = await deps.dial(greeting.kind, stopping.signal)
    return await new Promise<GreetingResult>((resolve) => {
      const options = { role: 'agent', windows: defaultWindows, heartbeatMs: LIMIT_MS } as const
      const link = createLink(transport, options, {
        clock,
        startTimer,
        defer,
        opened: (id) => link.stream(id, { frame: () => {}, drained: () => {} }).release(),
        frame(frame) {
          if (frame.type !== 'hello-ack') return
          resolve({ kind: 'greeted', ack: frame.ack })
          link.close(closeCodes.NORMAL, 'it was only a check')
        },
        closed: (code, reason) => resolve({ kind: 'failed', isRefusal: isRefusal(code), reason }),
      })
      stopping.signal.addEventListener('abort', () => link.close(closeCodes.TIMEOUT, 'the gateway did not greet'))
      const { id: agentId, pool, host, software } = greeting
      const hello = { versions: [PROTOCOL_VERSION], agentId, instance: agentId, pool, host, software }
      link.send({ type: 'hello', hello: { ...hello, allow: [], maxStreams: 0, windows: defaultWindows } })
    })
  } catch (error) {
    const isRefused = error instanceof DialError && error.kind === 'refused'
    return { kind: 'failed', isRefusal: isRefused, reason: error instanceof Error ? error.message : String(error) }
  } finally {
    cancelTimer()
  }
}
