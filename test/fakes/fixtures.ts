import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One exchange with a running Ollama 0.24.0, as it went over the wire. */
export interface Fixture {
  readonly name: string
  readonly request: {
    readonly method: string
    readonly path: string
    readonly headers: readonly (readonly [string, string])[]
    readonly body: string | null
  }
  readonly response: {
    readonly statusLine: string
    readonly status: number
    readonly headers: readonly (readonly [string, string])[]
    /** As the chunked framing had them. */
    readonly chunks: readonly string[]
  }
}

const FOLDER = process.env['CORRAL_FIXTURES'] ?? join(import.meta.dirname, '../../../shared/fixtures/ollama-0.24.0')

/** Said by a test that is left out because the recordings are not there. */
export const NO_FIXTURES = 'recorded exchanges of Ollama 0.24.0 (set CORRAL_FIXTURES to their folder)'

/** Empty where the recordings are not there. A note that chunks were left out is no chunk. */
export function loadFixtures(): readonly Fixture[] {
  if (!existsSync(FOLDER)) return []
  const names = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
  return names.map((name) => {
    const fixture = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Fixture
    const chunks = fixture.response.chunks.filter((chunk) => !/^<\d+ chunks left out>$/.test(chunk))
    return { ...fixture, response: { ...fixture.response, chunks } }
  })
}

/** The request as it was sent, but to another host and with its connection kept or closed. */
export function requestBytes(
  fixture: Fixture,
  host: string,
  extra: readonly (readonly [string, string])[] = [],
): string {
  const { method, path, headers, body } = fixture.request
  const lines = [['Host', host] as const, ...headers, ...extra].map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`
}
