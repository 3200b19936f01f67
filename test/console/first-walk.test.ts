import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { startFakeOllama } from '../fakes/fake-ollama/fake-ollama.ts'
import { makeKey } from '../system/harness/make-key.ts'
import { seriousFindings } from './accessibility.ts'
import { findChromium, openBrowser, takePicture, type Tab } from './browser.ts'
import { startConsole } from './console-scene.ts'

// Many steps, each with a bound of its own.
vi.setConfig({ testTimeout: 90_000 })

let browser: Browser | undefined

beforeAll(async () => {
  const path = findChromium()
  if (path !== undefined) browser = await openBrowser(path)
})

afterAll(() => browser?.close())

function opened(context: TestContext): Browser {
  return browser ?? context.skip('Chromium is not installed')
}

const cardOf = (page: Page, name: string) => page.getByRole('region', { name: `Upstream ${name}` })

async function expectSound({ page, problems }: Tab): Promise<void> {
  expect(await seriousFindings(page)).toEqual([])
  expect(problems).toEqual([])
}

describe('the console, walked by keyboard', () => {
  it('refuses a wrong key in words, and lets a right one in', async (context) => {
    await using scene = await startConsole(opened(context))
    const tab = await scene.visit()
    const { page } = tab
    await page.getByLabel('Key').fill('crl_wrong')
    await page.keyboard.press('Enter')
    await page.getByText('The key is not valid').waitFor()
    await takePicture(page, 'log-in')
    await expectSound(tab)

    await page.getByLabel('Key').fill(scene.gateway.adminKey)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Fleet', level: 1 }).waitFor()
    await page.getByText('live', { exact: true }).waitFor()
    const [cookie] = await tab.context.cookies()
    expect(cookie).toMatchObject({ name: '__Host-corral', httpOnly: true, secure: true, sameSite: 'Strict' })
    expect(await page.evaluate('document.cookie')).toBe('')
    await expectSound(tab)
  })

  it('stays logged in over a reload, and is out after logging out', async (context) => {
    await using scene = await startConsole(opened(context))
    const tab = await scene.enter(scene.gateway.adminKey)
    const { page } = tab
    await page.reload()
    await page.getByRole('heading', { name: 'Fleet', level: 1 }).waitFor()
    await page.getByRole('button', { name: 'Log out' }).press('Enter')
    await page.getByText('You have logged out.').waitFor()
    await page.reload()
    await page.getByLabel('Key').waitFor()
    await expectSound(tab)
  })

  it('shows members what is theirs, and no more', async (context) => {
    await using scene = await startConsole(opened(context))
    const tab = await scene.enter(await makeKey(scene.gateway, { scopes: ['chat'] }))
    const { page } = tab
    await page.getByRole('heading', { level: 1 }).waitFor()
    await expectSound(tab)

    const created = await fetch(`${scene.gateway.url}/admin/users`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scene.gateway.adminKey}` },
      body: JSON.stringify({ name: 'ada' }),
    })
    const { key } = (await created.json()) as { key: { secret: string } }
    const member = await scene.enter(key.secret)
    const links = member.page.getByRole('navigation', { name: 'Pages' }).getByRole('link')
    expect(await links.allTextContents()).toEqual(['Live', 'Usage', 'Keys', 'Playground'])
    await member.page.goto(`${scene.gateway.url}/console/#/fleet`)
    await member.page.getByText('There is no such page').waitFor()
    await expectSound(member)
  })

  it('goes from page to page by links, and back, with the focus at the top of the page', async (context) => {
    await using scene = await startConsole(opened(context))
    const { page } = await scene.enter(scene.gateway.adminKey)
    await page.getByRole('link', { name: 'Live' }).press('Enter')
    await page.getByRole('heading', { name: 'Live', level: 1 }).waitFor()
    expect(await page.title()).toBe('Live · Corral')
    expect(await page.evaluate('document.activeElement.id')).toBe('main')
    await page.goBack()
    await page.getByRole('heading', { name: 'Fleet', level: 1 }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Fleet', level: 1 }).waitFor()
    await page.evaluate('document.activeElement.blur()')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the page')
  })
})

describe('a first run', () => {
  it('shows three ways to an upstream, and becomes the fleet when one is added', async (context) => {
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
    await using scene = await startConsole(opened(context))
    const tab = await scene.enter(scene.gateway.adminKey)
    const { page } = tab
    await page.getByRole('heading', { name: 'No Ollama answers yet' }).waitFor()
    await takePicture(page, 'first-run')
    await expectSound(tab)

    await page.getByLabel('Name', { exact: true }).fill('gpu-1')
    await page.getByLabel('URL', { exact: true }).fill(fake.url)
    await page.getByRole('button', { name: 'Look whether it answers' }).press('Enter')
    await page.getByText(/^Ollama \S+, 1 models?, answered in/).waitFor()
    await page.getByRole('button', { name: 'Add', exact: true }).press('Enter')
    await cardOf(page, 'gpu-1').getByText('up', { exact: true }).waitFor()
    await page.getByRole('heading', { name: 'No Ollama answers yet' }).waitFor({ state: 'detached' })
    await expectSound(tab)
  })

  it('becomes the fleet by itself when an Ollama comes up where one is looked for', async (context) => {
    const gone = await startFakeOllama({ models: [{ name: 'tiny' }] })
    const { port } = new URL(gone.url)
    await gone.stop()
    const config = { upstreams: [{ name: 'here', url: gone.url }] }
    await using scene = await startConsole(opened(context), { config })
    const { page } = await scene.enter(scene.gateway.adminKey)
    await page.getByRole('heading', { name: 'No Ollama answers yet' }).waitFor()
    await using _back = await startFakeOllama({ models: [{ name: 'tiny' }], port: Number(port) })
    await cardOf(page, 'here').getByText('up', { exact: true }).waitFor()
    await page.getByRole('heading', { name: 'No Ollama answers yet' }).waitFor({ state: 'detached' })
  })
})

describe('the fleet', () => {
  it.for(['light', 'dark'] as const)('is drained, enabled and disabled: %s', async (theme, context) => {
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
    const config = { upstreams: [{ name: 'gpu-1', url: fake.url, memory: '24GB' }] }
    await using scene = await startConsole(opened(context), { config })
    const tab = await scene.enter(scene.gateway.adminKey, { theme })
    const { page } = tab
    const card = cardOf(page, 'gpu-1')
    await card.getByText('up', { exact: true }).waitFor()
    await card.getByRole('button', { name: 'Drain gpu-1' }).press('Enter')
    await card.getByText('draining', { exact: true }).waitFor()
    await card.getByRole('button', { name: 'Enable gpu-1' }).press('Enter')
    await card.getByText('up', { exact: true }).waitFor()
    await card.getByRole('button', { name: 'Disable gpu-1' }).press('Enter')
    await card.getByText('disabled', { exact: true }).waitFor()
    await page.getByText('gpu-1 is disabled').waitFor()
    await takePicture(page, `fleet-${theme}`)
    await expectSound(tab)
  })

  it('has a place for everything on a phone, and scrolls no page sideways', async (context) => {
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
    const config = {
      upstreams: [{ name: 'n'.repeat(64), url: fake.url }],
    }
    await using scene = await startConsole(opened(context), { config })
    const tab = await scene.enter(scene.gateway.adminKey, { size: 'phone' })
    const { page } = tab
    for (const name of ['Fleet', 'Live']) {
      await page.getByRole('link', { name, exact: true }).click()
      await page.getByRole('heading', { name, level: 1 }).waitFor()
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
    }
    await takePicture(page, 'live-phone')
    await expectSound(tab)
  })
})

describe('what happens', () => {
  it('is seen as it happens, opened, and stopped', async (context) => {
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }], tokensPerSecond: 20, answerTokens: 100_000 })
    const config = { upstreams: [{ name: 'gpu-1', url: fake.url }] }
    await using scene = await startConsole(opened(context), { config })
    const { gateway } = scene
    const tab = await scene.enter(gateway.adminKey)
    const { page } = tab
    await page.getByRole('link', { name: 'Live' }).press('Enter')
    await page.getByText('Nothing runs now').waitFor()

    const answer = fetch(`${gateway.url}/api/chat`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.adminKey}` },
      body: JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'hello' }] }),
    }).then((response) => response.text())
    const now = page.getByRole('region', { name: 'Exchanges that run or wait' })
    await now.getByText('answering').waitFor()
    await now.getByText(/tok\/s/).waitFor()
    await takePicture(page, 'live')
    await expectSound(tab)

    await now.getByRole('button', { name: /^answering/ }).press('Enter')
    const dialog = page.getByRole('dialog', { name: 'POST /api/chat' })
    await dialog.getByText('gpu-1').waitFor()
    await expectSound(tab)
    await dialog.getByRole('button', { name: /^Stop/ }).press('Enter')
    await dialog.getByText('stopped', { exact: true }).waitFor()
    expect(await answer).toContain('"error"')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await page
      .getByRole('region', { name: /^Exchanges that have ended/ })
      .getByText('stopped')
      .waitFor()
  })

  it('is only text, whatever somebody calls it', async (context) => {
    const version = '0.24.0</script><img src=x onerror=alert(1)>'
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }], version })
    const config = { upstreams: [{ name: 'gpu-1', url: fake.url }] }
    await using scene = await startConsole(opened(context), { config })
    const tab = await scene.enter(scene.gateway.adminKey)
    await cardOf(tab.page, 'gpu-1').getByText(version).waitFor()
    expect(await tab.page.locator('img').count()).toBe(0)
    await expectSound(tab)
  })
})
