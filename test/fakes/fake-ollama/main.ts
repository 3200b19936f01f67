import { parseArgs } from 'node:util'
import { startFakeOllama } from './fake-ollama.ts'
import type { FakeOllamaOptions, ModelSpec } from './options.ts'

const NUMBERS = {
  port: 'port',
  'control-port': 'controlPort',
  parallel: 'parallel',
  'max-queue': 'maxQueue',
  'max-loaded': 'maxLoaded',
  'keep-alive-ms': 'keepAliveMs',
  'memory-bytes': 'memoryBytes',
  'load-bytes-per-second': 'loadBytesPerSecond',
  'tokens-per-second': 'tokensPerSecond',
  'prefill-tokens-per-second': 'prefillTokensPerSecond',
  'answer-tokens': 'answerTokens',
} as const satisfies Record<string, keyof FakeOllamaOptions>

const USAGE = `usage: node main.ts [--${Object.keys(NUMBERS).join(' N] [--')} N] [--model NAME[=BYTES] ...] [--no-host-check] [--until-stdin-ends]`

/** The fake as a program: options in, two lines out, until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const { options, untilStdinEnds } = parseOptions(process.argv.slice(2))
  const server = await startFakeOllama(options)
  process.stdout.write(`fake-ollama ready ${server.url}\nfake-ollama control ${server.controlUrl}\n`)
  const stop = (): void => void server.stop().then(() => process.exit(0))
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  // Whoever started it and is gone, however it went, leaves nothing behind.
  if (untilStdinEnds) process.stdin.once('end', stop).once('error', stop).resume()
}

function parseOptions(argv: readonly string[]): { options: FakeOllamaOptions; untilStdinEnds: boolean } {
  const numeric = Object.fromEntries(Object.keys(NUMBERS).map((flag) => [flag, { type: 'string' as const }]))
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...numeric,
      model: { type: 'string', multiple: true },
      'no-host-check': { type: 'boolean' },
      'until-stdin-ends': { type: 'boolean' },
    },
  })
  const numbers = Object.entries(NUMBERS).flatMap(([flag, field]) => {
    const value = (values as Readonly<Record<string, string | undefined>>)[flag]
    if (value === undefined) return []
    if (!Number.isFinite(Number(value))) throw new Error(`--${flag} wants a number, not "${value}"`)
    return [[field, Number(value)] as const]
  })
  const models = values.model?.map(parseModel)
  const options = {
    ...Object.fromEntries(numbers),
    ...(models === undefined ? {} : { models }),
    ...(values['no-host-check'] === true ? { hostCheck: false } : {}),
  }
  return { options, untilStdinEnds: values['until-stdin-ends'] === true }
}

function parseModel(text: string): ModelSpec {
  const [name = '', bytes] = text.split('=')
  return bytes === undefined ? { name } : { name, sizeBytes: Number(bytes) }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`)
  process.exitCode = 2
})
