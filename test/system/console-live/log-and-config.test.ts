import { readFile, writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { effectiveConfigSchema } from '../../../src/admin/config-schemas.ts'
import { logsSchema, type LogsView } from '../../../src/admin/log-schemas.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { listen } from './live-client.ts'

async function read(gateway: RunningGateway, path: string): Promise<unknown> {
  const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${gateway.adminKey}` } })
  expect(response.status, path).toBe(200)
  return response.json()
}

async function logs(gateway: RunningGateway, query = ''): Promise<LogsView> {
  return logsSchema.parse(await read(gateway, `/admin/logs${query}`))
}

/** Writes the config anew, over what it was. */
async function configure(gateway: RunningGateway, change: object): Promise<void> {
  const now = JSON.parse(await readFile(gateway.configFile, 'utf8')) as object
  await writeFile(gateway.configFile, JSON.stringify({ ...now, ...change }))
}

it('the log is listed and told live, by level and by what it says', async () => {
  await using gateway = await startGateway()
  using page = await listen(gateway.url, gateway.adminKey, { query: '?logs=1' })
  using quiet = await listen(gateway.url, gateway.adminKey)
  await configure(gateway, { no_such_setting: 1 })
  const told = () => page.of('log').flatMap(({ lines }) => lines)
  await page.until(() => told().some(({ message }) => message.includes('no_such_setting')), 'the line comes')
  const { level, lines } = await logs(gateway, '?level=error&search=NO_SUCH')
  expect(level).toBe('info')
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatchObject({ level: 'error', message: expect.stringContaining('no_such_setting') })
  expect(told()).toContainEqual(lines[0])
  const all = (await logs(gateway)).lines
  expect(all.map(({ number }) => number)).toEqual(all.map((_, at) => all.length - at))
  expect((await logs(gateway, '?last=1')).lines).toEqual(all.slice(0, 1))
  expect((await logs(gateway, '?search=nobody-says-this')).lines).toEqual([])
  expect(quiet.of('log')).toEqual([])
})

it('the config is shown with its sources and without its secrets, and why it was not taken over', async () => {
  const secret = 'sesame-open-the-door'
  await using gateway = await startGateway({
    config: {
      upstreams: [
        { name: 'a', url: `http://someone:${secret}@127.0.0.1:9` },
        { name: 'b', type: 'openai', api_key: secret, enabled: false },
      ],
      drain: '7s',
    },
    env: { CORRAL_ROUTING_HEALTH_INTERVAL: '9s' },
  })
  const config = async () => effectiveConfigSchema.parse(await read(gateway, '/admin/config'))
  const first = await config()
  const setting = (name: string) => first.settings.find((each) => each.name === name)
  expect(first).toMatchObject({ file: gateway.configFile, refused: null, needs_restart: [] })
  expect(setting('drain')).toMatchObject({
    value: '7s',
    source: 'file',
    detail: expect.stringMatching(/corral\.json:\d+:\d+$/),
  })
  expect(setting('listen')).toMatchObject({ source: 'flag' })
  expect(setting('routing.health_interval')).toMatchObject({ value: '9s', source: 'env' })
  expect(setting('routing.idle_timeout')?.source).toBe('default')
  expect(setting('upstreams[1].api_key')?.value).toBe('[redacted]')
  expect(JSON.stringify(first)).not.toContain(secret)

  await configure(gateway, { drain: 'soon', unheard_of: true })
  await expect.poll(async () => (await config()).refused?.problems.length, { timeout: 10_000 }).toBe(2)
  const refused = await config()
  expect(refused.refused?.problems.join('\n')).toMatch(/unheard_of[\s\S]*drain|drain[\s\S]*unheard_of/)
  expect(refused.settings).toEqual(first.settings)
  expect(refused.read_at).toBe(first.read_at)

  const { unheard_of: _, ...rest } = JSON.parse(await readFile(gateway.configFile, 'utf8')) as Record<string, unknown>
  await writeFile(gateway.configFile, JSON.stringify({ ...rest, drain: '8s', log: { level: 'warn' } }))
  await expect.poll(async () => (await config()).refused, { timeout: 10_000 }).toBeNull()
  const taken = await config()
  expect(taken.settings.find(({ name }) => name === 'drain')?.value).toBe('8s')
  expect(taken.needs_restart).toEqual(['log'])
  expect(taken.read_at > first.read_at).toBe(true)
})
