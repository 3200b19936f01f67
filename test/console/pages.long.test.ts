import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { startFakeOllama } from '../fakes/fake-ollama/fake-ollama.ts'
import { createAgentKey } from '../system/harness/start-agent.ts'
import type { RunningGateway } from '../system/harness/start-gateway.ts'
import { seriousFindings } from './accessibility.ts'
import { findChromium, openBrowser, takePicture, type Tab } from './browser.ts'
import { startConsole } from './console-scene.ts'

// Many steps, each with a bound of its own.
vi.setConfig({ testTimeout: 240_000 })

let browser: Browser | undefined

beforeAll(async () => {
  const path = findChromium()
  if (path !== undefined) browser = await openBrowser(path)
})

afterAll(() => browser?.close())

function opened(context: TestContext): Browser {
  return browser ?? context.skip('Chromium is not installed')
}

/** What a page, a terminal or a spreadsheet might take for something else than text. */
const MARKUP = '</script><img src=x onerror=alert(1)>'
const ESCAPES = '\u001b[31m\u202e=cmd()'

/** Rows on every page, and names that are not meant well wherever a name may be so. */
async function fill(gateway: RunningGateway): Promise<string> {
  const ask = (path: string, body: object): Promise<Response> =>
    fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const created = await ask('/admin/users', { name: 'ann', limits: { tokens_per_day: 500_000 } })
  const { key } = (await created.json()) as { key: { secret: string } }
  await ask('/admin/keys', { name: 'narrow', user: 'ann', models: ['qwen3*'], expires_in_seconds: 86_400 })
  await createAgentKey(gateway, { name: 'agents' })
  const message = { role: 'user', content: 'hello' }
  for (const model of ['tiny', MARKUP, ESCAPES])
    await (await ask('/api/chat', { model, messages: [message], options: { num_predict: 3 } })).text()
  await fetch(`${gateway.url}/admin/users`, { headers: { authorization: `Bearer ${key.secret}` } })
  return key.secret
}

const admins = {
  models: 'Models',
  'models/pull': 'Models',
  'models/of/tiny:latest': 'Models',
  usage: 'Usage',
  keys: 'Keys',
  'keys/new': 'Keys',
  'keys/new-agent': 'Keys',
  users: 'Users',
  'users/new': 'Users',
  'route/tiny': 'Route',
  playground: 'Playground',
  logs: 'Logs',
  'logs/gateway': 'Logs',
  config: 'Config',
  audit: 'Audit',
}
const members = { usage: 'Your usage', keys: 'Your keys', 'keys/new': 'Your keys', playground: 'Playground' }

async function walk({ page, problems }: Tab, places: Readonly<Record<string, string>>, looks: string): Promise<void> {
  for (const [place, title] of Object.entries(places)) {
    await page.evaluate(`location.hash = '#/${place}'`)
    await page.getByRole('heading', { name: title, level: 1 }).waitFor()
    await expect.poll(() => page.locator('.loading').count(), { timeout: 15_000 }).toBe(0)
    await takePicture(page, `${place.replaceAll(/\W+/g, '-')}-${looks}`)
    expect(await seriousFindings(page), place).toEqual([])
    expect(await page.locator('img').count(), place).toBe(0)
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), place).toBeLessThanOrEqual(0)
    expect(problems, place).toEqual([])
  }
}

describe('every page', () => {
  it.for([
    { theme: 'light', size: 'desk' },
    { theme: 'dark', size: 'desk' },
    { theme: 'light', size: 'phone' },
    { theme: 'dark', size: 'phone' },
  ] as const)('is sound in $theme on a $size, whatever things are called', async (looks, context) => {
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
    const config = {
      upstreams: [{ name: 'gpu-1', url: fake.url }],
      models: { aliases: { 'gpt-4o': 'tiny' }, prices: [{ match: MARKUP, prompt: 1, completion: 2 }] },
    }
    await using scene = await startConsole(opened(context), { config })
    const member = await fill(scene.gateway)
    const name = `${looks.theme}-${looks.size}`
    await walk(await scene.enter(scene.gateway.adminKey, looks), admins, name)
    await walk(await scene.enter(member, looks), members, `member-${name}`)
  })
})
