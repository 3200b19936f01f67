import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { ROOT } from '../harness/start-gateway.ts'

const program = join(ROOT, '.cache/schemathesis/bin/st')
const folder = import.meta.dirname
/** It takes a fourth of this where nothing else runs. */
const TIMEOUT_MS = 240_000

/** What Schemathesis says of a run, as far as it matters here. */
interface Report {
  readonly operations: { readonly selected: number; readonly tested: number; readonly errored: number }
  readonly failures: readonly { readonly title: string; readonly operations: readonly string[] }[]
  readonly errors: readonly unknown[]
  readonly test_cases: { readonly generated: number }
  readonly valid_rates: Readonly<Record<string, Readonly<Record<string, { readonly accepted: number }>>>>
}

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>
}

/** How many openapi.json describes, but for streams that go on for ever. */
function operationsThatEnd(): number {
  const { paths } = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8')) as {
    paths: Record<string, Record<string, Operation>>
  }
  const isStream = ({ responses }: Operation): boolean =>
    Object.values(responses).some(({ content = {} }) => 'text/event-stream' in content)
  return Object.values(paths)
    .flatMap((methods) => Object.values(methods))
    .filter((operation) => !isStream(operation)).length
}

async function askAdmin({ gateway, key }: GatewayBefore, path: string, body?: object): Promise<Response> {
  const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  return fetch(gateway.url + path, { headers: { authorization: `Bearer ${key}` }, ...sent })
}

/** Who asks, by name and by id: what must stay as it is. */
async function namesOfAsker(before: GatewayBefore): Promise<string[]> {
  const { user, key } = (await (await askAdmin(before, '/admin/me')).json()) as Record<
    'user' | 'key',
    { id: string; name: string }
  >
  return [user.id, user.name, key.id, key.name]
}

async function runSchemathesis(before: GatewayBefore): Promise<{ readonly said: string; readonly report: Report }> {
  const reportPath = join(before.gateway.folder, 'report.json')
  const args = ['--config-file', join(folder, 'schemathesis.toml'), 'run', join(ROOT, 'openapi.json')]
  const options = ['--url', before.gateway.url, '--phases', 'coverage,fuzzing,stateful', '--no-color']
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: before.gateway.folder,
    LANG: 'C.UTF-8',
    CORRAL_TEST_KEY: before.key,
    CORRAL_TEST_PROTECTED: (await namesOfAsker(before)).join(','),
    SCHEMATHESIS_HOOKS: 'hooks',
    PYTHONPATH: folder,
    PYTHONDONTWRITEBYTECODE: '1',
  }
  const said = await new Promise<string>((resolve) => {
    execFile(
      program,
      [...args, ...options, '--report', 'json', '--report-json-path', reportPath],
      { cwd: before.gateway.folder, env, timeout: TIMEOUT_MS, maxBuffer: 1 << 26 },
      (_, stdout, stderr) => resolve(stdout + stderr),
    )
  })
  // It makes the file first, and fills it at its end.
  const written = existsSync(reportPath) ? readFileSync(reportPath, 'utf8') : ''
  if (written === '') throw new Error(`Schemathesis did not come to an end: ${said}`)
  return { said, report: JSON.parse(written) as Report }
}

it(
  'the management API answers as openapi.json says, whatever Schemathesis asks, and never with a fault of its own',
  { timeout: 2 * TIMEOUT_MS },
  async (context) => {
    if (!existsSync(program)) return context.skip('Schemathesis is not installed: npm run clients:python')
    await using before = await startGatewayBefore()
    for (const [path, body] of [
      ['/admin/users', { name: 'guest' }],
      ['/admin/me/keys', { name: 'spare', scopes: ['chat'] }],
      ['/admin/keys', { name: 'worn', user: 'guest' }],
    ] as const)
      expect((await askAdmin(before, path, body)).status).toBe(201)

    const { said, report } = await runSchemathesis(before)
    expect(report.failures, said).toEqual([])
    expect(report.errors, said).toEqual([])
    const described = operationsThatEnd()
    expect(report.operations).toMatchObject({ selected: described, tested: described, errored: 0 })
    // So that more was looked at than what is refused at once.
    expect((await askAdmin(before, '/admin/me')).status).toBe(200)
    for (const operation of ['POST /admin/users', 'POST /admin/keys', 'POST /admin/keys/rotate', 'GET /admin/usage']) {
      const accepted = Object.values(report.valid_rates[operation] ?? {}).reduce((sum, rate) => sum + rate.accepted, 0)
      expect([operation, accepted > 0]).toEqual([operation, true])
    }
    expect(report.test_cases.generated).toBeGreaterThan(1000)
    expect(before.gateway.stderr()).not.toContain('An answer of the gateway itself failed')
  },
)
