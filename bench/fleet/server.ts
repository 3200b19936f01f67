import { startFakeOllama } from '../../test/fakes/fake-ollama/fake-ollama.ts'
import type { FakeOllamaOptions } from '../../test/fakes/fake-ollama/options.ts'

/** One server of the fleet as a process: its options come as an argument, its URL goes to stdout, then its loads. */
const fake = await startFakeOllama(JSON.parse(process.argv[2] ?? '{}') as FakeOllamaOptions)
process.stdout.write(`${fake.url}\n`)
process.once('SIGTERM', () => {
  process.stdout.write(`${fake.loads()}\n`, () => process.exit(0))
})
// Whoever started it and is gone, however it went, leaves nothing behind.
process.stdin.once('end', () => process.exit(0)).resume()
