import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { startFakeOllama } from '../fakes/fake-ollama/fake-ollama.ts'
import { createAgentKey } from '../system/harness/start-agent.ts'
import { findChromium, openBrowser } from './browser.ts'
import { startConsole } from './console-scene.ts'

// Many steps, each with a bound of its own.
vi.setConfig({ testTimeout: 120_000 })

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

describe('a page', () => {
  it('says what to do where there is nothing yet', async (context) => {
    await using scene = await startConsole(opened(context))
    const { page } = await scene.enter(scene.gateway.adminKey)
    const empty: Readonly<Record<string, string>> = {
      models: 'There is no upstream yet',
      usage: 'Nothing was used in this time',
      route: 'Which model?',
      playground: 'Ask something',
      logs: 'No requests yet',
      'keys?search=nobody': 'No key is like that',
      'users?search=nobody': 'No user is like that',
    }
    for (const [place, title] of Object.entries(empty)) {
      await page.evaluate(`location.hash = '#/${place}'`)
      await page.getByRole('heading', { name: title }).waitFor()
    }
  })
})

describe('what somebody else has named', () => {
  it('is shown as text, and escapes as what they are', async (context) => {
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
    const match = `${MARKUP}${ESCAPES}`
    const config = {
      upstreams: [{ name: 'gpu-1', url: fake.url }],
      models: { prices: [{ match, prompt: 1, completion: 2 }] },
    }
    await using scene = await startConsole(opened(context), { config })
    const { page, problems } = await scene.enter(scene.gateway.adminKey)
    await go(page, 'config')
    await page.getByText(`${MARKUP}\\u001b[31m\\u202e=cmd()`).waitFor()
    await go(page, `route/${encodeURIComponent(MARKUP)}`)
    await page.getByRole('heading', { name: '"model" is not the name of a model' }).waitFor()
    await go(page, `keys/${encodeURIComponent(MARKUP)}`)
    await page.getByText(`There is no key with the id ${MARKUP}.`).waitFor()
    expect(await page.locator('img').count()).toBe(0)
    expect(problems).toEqual([])
  })

  it('is saved as a file that a spreadsheet reads', async (context) => {
    await using scene = await startConsole(opened(context))
    await createAgentKey(scene.gateway, { name: 'agents' })
    const { page } = await scene.enter(scene.gateway.adminKey)
    await go(page, 'audit')
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as CSV' }).press('Enter'),
    ])
    const text = await textOf(saved.createReadStream())
    expect(saved.suggestedFilename()).toBe('corral-audit.csv')
    const [heading, ...rows] = text.trimEnd().split('\r\n')
    expect(heading).toBe('at,user,key,key_id,action,subject,detail')
    expect(rows.filter((row) => row.includes(',key.create,agents,'))).toHaveLength(1)
  })
})

async function go(page: Page, place: string): Promise<void> {
  await page.evaluate(`location.hash = '#/${place}'`)
}

async function textOf(stream: Promise<AsyncIterable<Buffer>>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of await stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
