import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { seededRandom } from '../seeded-random.ts'
import { Lane } from './lane.ts'
import { type Direction, directions, type Toxics } from './toxics.ts'

export interface FaultRelayOptions {
  /** The same seed makes the same delays and slices, connection by connection. */
  readonly seed?: number
  readonly toxics?: Toxics
  /** What is on the way in one direction of a connection at most: a long fast line holds more. */
  readonly maxHeldBytes?: number
}

const MAX_HELD_BYTES = 1024 * 1024

export interface RelayCounters {
  readonly opened: number
  readonly open: number
  readonly up: number
  readonly down: number
  /** Connections that the relay broke. */
  readonly broken: number
}

/** A TCP line between two programs that a test can make bad. */
export interface FaultRelay extends AsyncDisposable {
  readonly port: number
  readonly url: string
  counters(): RelayCounters
  /** From now on, for bytes that have not been read yet; of one direction or of both. */
  use(toxics: Toxics, direction?: Direction): void
  /** Takes nothing more from the sender, who feels it as soon as the kernel's buffers are full. */
  stall(direction?: Direction): void
  /** Ends a stall or a black hole: what was held arrives late. */
  go(): void
  /** What is sent, a goodbye included, does not arrive until `go`; who connects hears nothing. */
  blackHole(): void
  /** Present connections: whatever is sent is swallowed for good, goodbyes too. New ones work. */
  halfOpen(): void
  /** Breaks present connections with a reset, at both ends. */
  reset(): void
  /** The next connection is reset once so many bytes have passed in this direction. */
  cutNextAfter(bytes: number, direction: Direction): void
  /** Where new connections go from now on. */
  aim(target: string): void
}

interface Connection {
  readonly near: Socket
  readonly far: Socket
  readonly lanes: Readonly<Record<Direction, Lane>>
}

export async function startFaultRelay(target: string, options: FaultRelayOptions = {}): Promise<FaultRelay> {
  const connections = new Set<Connection>()
  const toxics: Record<Direction, Toxics> = { up: options.toxics ?? {}, down: options.toxics ?? {} }
  const stalled = new Set<Direction>()
  const count = { opened: 0, up: 0, down: 0, broken: 0 }
  let aim = new URL(target)
  let nextCut: { readonly bytes: number; readonly direction: Direction } | undefined

  const drop = (connection: Connection): void => {
    connections.delete(connection)
    for (const direction of directions) connection.lanes[direction].stop()
    connection.near.destroy()
    connection.far.destroy()
  }
  const breakOff = (connection: Connection): void => {
    count.broken += 1
    connection.near.resetAndDestroy()
    connection.far.resetAndDestroy()
    drop(connection)
  }
  const accept = (near: Socket): void => {
    count.opened += 1
    const far = connect({ host: aim.hostname, port: Number(aim.port), noDelay: true, allowHalfOpen: true })
    const random = seededRandom((options.seed ?? 1) * 1_000_003 + count.opened)
    let left = nextCut?.bytes ?? Infinity
    const cutDirection = nextCut?.direction
    nextCut = undefined
    const lane = (direction: Direction, from: Socket, to: Socket): Lane =>
      new Lane(from, to, {
        toxics: () => toxics[direction],
        random,
        maxHeldBytes: options.maxHeldBytes ?? MAX_HELD_BYTES,
        leaving(bytes) {
          const may = direction === cutDirection ? Math.min(bytes, left) : bytes
          count[direction] += may
          if (direction === cutDirection) left -= may
          if (left <= 0) setImmediate(() => breakOff(connection))
          return may
        },
      })
    const connection = { near, far, lanes: { up: lane('up', near, far), down: lane('down', far, near) } }
    connections.add(connection)
    // A side that hears its peer go is closed by the lane's goodbye; one that swallows goodbyes stays as it is.
    const settle = (): void => {
      if (near.destroyed && far.destroyed) drop(connection)
    }
    near.on('close', settle)
    far.on('close', settle)
    for (const direction of stalled) connection.lanes[direction].stall()
  }
  const server = createServer({ noDelay: true, allowHalfOpen: true }, accept)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP, so never a path

  const stall = (direction?: Direction): void => {
    for (const each of direction === undefined ? directions : [direction]) {
      stalled.add(each)
      for (const { lanes } of connections) lanes[each].stall()
    }
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    counters: () => ({ ...count, open: connections.size }),
    use(next, direction) {
      for (const each of direction === undefined ? directions : [direction]) toxics[each] = next
    },
    stall,
    go() {
      stalled.clear()
      for (const { lanes } of connections) for (const direction of directions) lanes[direction].go()
    },
    blackHole: () => stall(),
    halfOpen() {
      for (const { lanes } of connections) for (const direction of directions) lanes[direction].die()
    },
    reset: () => [...connections].forEach(breakOff),
    cutNextAfter: (bytes, direction) => void (nextCut = { bytes, direction }),
    aim: (next) => void (aim = new URL(next)),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const connection of [...connections]) drop(connection)
      await closed
    },
  }
}
