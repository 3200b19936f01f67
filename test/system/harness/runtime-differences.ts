import type { RuntimeName } from '../../../scripts/runtime-list.ts'

/** A test that fails on a runtime, and is known to. */
export interface RuntimeDifference {
  readonly runtime: RuntimeName
  /** `file > suite > test`. */
  readonly test: string
  /** What the runtime does otherwise, and what follows from it for whoever runs the gateway there. */
  readonly what: string
  readonly consequence: string
}

const corpus = 'test/faults/smuggling/gateway.test.ts > the smuggling corpus at the gateway'
const agentsOfStopped =
  'test/system/agents/drain.test.ts > via sse > a gateway that is told to stop ends what runs, and its agents come back to the next one'
const cutPosts = {
  test: agentsOfStopped,
  what: 'A gateway that stops takes no further request on its open connections, the POSTs of `sse` agents among them.',
  consequence:
    'Answers that run through such an agent while the gateway stops end with an error in the stream; let agents use `ws`.',
}
const modules = 'test/system/cli/usage.test.ts > corral version > loads neither database, schemas, log nor client'

/**
 * The only place where they stand: docs/deploy/runtimes.md is written from it. `npm run test:runtimes` fails where
 * another test fails, and where one of these passes or is gone.
 */
export const runtimeDifferences: readonly RuntimeDifference[] = [
  { runtime: 'deno', ...cutPosts },
  { runtime: 'bun', ...cutPosts },
  {
    runtime: 'bun',
    test: 'test/system/agents/upgrade.test.ts > a WebSocket of an agent > ends with too many fragments, and costs nobody else',
    what: 'A message of an agent may come in any number of fragments: Bun brings a WebSocket of its own in place of `ws`.',
    consequence: 'A message is bounded by its size alone, 300 KiB, as everywhere.',
  },
  {
    runtime: 'deno',
    test: `${corpus} > refuses chunk extensions of 20 KB`,
    what: 'Chunk extensions of any length are read and dropped.',
    consequence: 'None for framing; a client may send bytes that count for nothing until the request is over.',
  },
  {
    runtime: 'deno',
    test: `${corpus} > serves a length with white space around`,
    what: 'A `Content-Length` with a tab or spaces around its number is a 400.',
    consequence: 'None: no client that is in use sends it.',
  },
  {
    runtime: 'deno',
    test: modules,
    what: 'The runtime does not tell which modules it loads (`NODE_DEBUG=esm`).',
    consequence: 'None: the test cannot look.',
  },
  {
    runtime: 'deno',
    test: 'test/system/cli/service.test.ts > service install > names the runtime that it is run by',
    what: 'A program is not told with which permissions it runs, so that `corral service install` writes no unit.',
    consequence: 'Let Node write the unit, and put your own `deno run` line into its `ExecStart`.',
  },
  {
    runtime: 'bun',
    test: `${corpus} > serves spaces before the target`,
    what: 'A request line with more than one space before the target is a 400.',
    consequence: 'None: no client that is in use sends it.',
  },
  {
    runtime: 'bun',
    test: 'test/system/shutdown/shutdown.test.ts > a gateway that is told to stop > ends at once when nothing runs, idle connections or not',
    what: 'A connection is accepted with its first byte; one that never sent any hears nothing when the gateway stops.',
    consequence: 'A client that connects ahead of its first request finds out when it sends that.',
  },
  {
    runtime: 'bun',
    test: 'test/system/tls/tls.test.ts > a gateway over TLS > speaks HTTP/1.1 and no old TLS',
    what: 'TLS is spoken without ALPN.',
    consequence: 'None: a client that offered HTTP/2 too takes HTTP/1.1.',
  },
  {
    runtime: 'bun',
    test: modules,
    what: 'The runtime does not tell which modules it loads (`NODE_DEBUG=esm`).',
    consequence: 'None: the test cannot look.',
  },
]
