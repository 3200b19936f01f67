import { readFile, writeFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { startFakeOllama } from '../fakes/fake-ollama/fake-ollama.ts'
import { makeKey } from '../system/harness/make-key.ts'
import { startGateway } from '../system/harness/start-gateway.ts'
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

async function go(page: Page, place: string): Promise<void> {
  await page.evaluate(`location.hash = '#/${place}'`)
}

function press(page: Page, name: string | RegExp): Promise<void> {
  return page.getByRole('button', { name, ...(typeof name === 'string' && { exact: true }) }).press('Enter')
}

function chat(url: string, key: string): Promise<Response> {
  return fetch(`${url}/api/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'hello' }] }),
  })
}

describe('keys', () => {
  it('are made by keyboard, tried, shown with their lines once, and not lost by a slip', async (context) => {
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
    const config = { upstreams: [{ name: 'gpu-1', url: fake.url }] }
    await using scene = await startConsole(opened(context), { config })
    const { gateway } = scene
    const { page } = await scene.enter(gateway.adminKey)
    await go(page, 'keys/new')
    const form = page.getByRole('dialog', { name: 'New key' })
    await form.getByLabel('Name').fill('laptop')
    await form.getByText('Models, limits and more').click()
    await form.getByLabel('Requests per minute').fill('some')
    await page.keyboard.press('Enter')
    await form.getByText(/^Requests per minute: give a whole number/).waitFor()
    await form.getByLabel('Requests per minute').fill('1')
    await page.keyboard.press('Enter')

    const shown = page.getByRole('dialog', { name: 'Key laptop' })
    await shown.getByText('Tried it: it works, and sees 1 model').waitFor()
    const secret = await shown.getByLabel('The key', { exact: true }).innerText()
    await shown.getByRole('tab', { name: 'ollama CLI' }).press('ArrowRight')
    const lines = await shown.getByLabel('Lines for OpenAI SDKs', { exact: true }).innerText()
    expect(lines).toBe(`export OPENAI_BASE_URL=${gateway.url}/v1\nexport OPENAI_API_KEY=${secret}`)
    await page.keyboard.press('Escape')
    await press(page, 'I have it')
    await page.getByRole('link', { name: 'laptop' }).waitFor()
    expect(await page.content()).not.toContain(secret)
  })

  it('get another secret, and other terms', async (context) => {
    await using scene = await startConsole(opened(context))
    const { gateway } = scene
    const old = await makeKey(gateway, { name: 'phone', scopes: ['models:read'] })
    const { page } = await scene.enter(gateway.adminKey)
    await go(page, 'keys')
    await page.getByRole('link', { name: 'phone' }).press('Enter')
    await press(page, 'Change')
    await page.getByLabel('At a time').fill('3')
    await page.getByLabel('Weight').fill('4')
    await press(page, 'Save')
    await page.getByText('interactive, weight 4').waitFor()
    await page.getByRole('definition').filter({ hasText: '3 at a time' }).waitFor()

    await press(page, 'New secret')
    await page.getByLabel('The secret it has now works for another').selectOption('Not at all: it has leaked')
    await press(page, 'Make the new secret')
    const secret = await page.getByLabel('The key', { exact: true }).innerText()
    const statusOf = async (key: string): Promise<number> =>
      (await fetch(`${gateway.url}/api/tags`, { headers: { authorization: `Bearer ${key}` } })).status
    // 503: it is let in, and there is nobody to list.
    expect([await statusOf(secret), await statusOf(old)]).toEqual([503, 401])
  })
})

describe('the key that one is logged in with', () => {
  it('gets another secret, which is shown and logs in again', async (context) => {
    await using scene = await startConsole(opened(context))
    const { gateway } = scene
    const { page } = await scene.enter(gateway.adminKey)
    await go(page, 'keys')
    await page.getByRole('link', { name: 'first' }).press('Enter')
    await press(page, 'New secret')
    await page.getByText('this one, which is one of them, is logged in again').waitFor()
    await press(page, 'Make the new secret')
    const secret = await page.getByLabel('The key', { exact: true }).innerText()
    expect(secret).not.toBe(gateway.adminKey)
    await press(page, 'Done')
    await page.reload()
    await page.getByRole('link', { name: 'first' }).waitFor()
  })
})

describe('members', () => {
  it('make keys of their own, no stronger than theirs, and see what is left', async (context) => {
    await using scene = await startConsole(opened(context))
    const { gateway } = scene
    const { page } = await scene.enter(gateway.adminKey)
    await go(page, 'users/new')
    await page.getByLabel('Name').fill('ann')
    await page.getByLabel('Tokens per month').fill('5M')
    await press(page, 'Create')
    const secret = await page.getByLabel('The key', { exact: true }).innerText()
    await press(page, 'Done')
    await page.getByRole('link', { name: 'ann', exact: true }).first().waitFor()

    const member = (await scene.enter(secret)).page
    await go(member, 'keys')
    await member.getByText('0 of 5 M').waitFor()
    await go(member, 'keys/new')
    const offered = member.getByRole('group', { name: 'It may' }).getByRole('checkbox')
    await expect.poll(() => offered.count()).toBe(3)
    await member.getByLabel('Name').fill('tablet')
    await press(member, 'Create')
    await member.getByText('It belongs to user ann.').waitFor()
    await press(member, 'Done')
    await member.getByRole('link', { name: 'tablet' }).waitFor()

    await go(page, 'users')
    await page.getByRole('link', { name: 'ann', exact: true }).first().press('Enter')
    await press(page, 'Disable')
    await page.getByRole('dialog', { name: 'Disable ann?' }).getByRole('button', { name: 'Disable' }).press('Enter')
    await member.getByText(/^The session has ended/).waitFor()
  })
})

describe('models', () => {
  it('are pulled with progress, cancelled, and deleted', async (context) => {
    const registry = { 'small:1b': 200_000_000, 'big:70b': 200_000_000_000 }
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }], registry, pullBytesPerSecond: 200_000_000 })
    const config = { upstreams: [{ name: 'gpu-1', url: fake.url }] }
    await using scene = await startConsole(opened(context), { config })
    const { page } = await scene.enter(scene.gateway.adminKey)
    await go(page, 'models')
    await page.getByRole('link', { name: 'tiny:latest' }).waitFor()
    const pull = async (model: string): Promise<void> => {
      await page.getByRole('link', { name: 'Pull a model' }).press('Enter')
      await page.getByLabel('Model', { exact: true }).fill(model)
      await press(page, 'Pull')
    }
    await pull('big:70b')
    await page.getByRole('meter', { name: 'big:70b on gpu-1' }).waitFor()
    await press(page, 'Cancel: Pull big:70b to gpu-1')
    await page.getByText('cancelled', { exact: true }).waitFor()
    await pull('small:1b')
    await page.getByRole('link', { name: 'small:1b' }).press('Enter')

    await press(page, 'Delete')
    await page.getByLabel('gpu-1', { exact: true }).check()
    await press(page, 'Delete from 1')
    await page
      .getByRole('dialog', { name: 'Delete small:1b from gpu-1?' })
      .getByRole('button', { name: 'Delete' })
      .press('Enter')
    await page.getByRole('link', { name: 'small:1b' }).waitFor({ state: 'detached' })
    expect(fake.models.list().map(({ name }) => name)).toEqual(['tiny:latest'])
  })
})

describe('the playground', () => {
  it('streams an answer, says who gave it, and stops', async (context) => {
    await using fake = await startFakeOllama({
      models: [
        { name: 'tiny', answerTokens: 20 },
        { name: 'endless', answerTokens: 100_000 },
      ],
      tokensPerSecond: 50,
    })
    const config = { upstreams: [{ name: 'gpu-1', url: fake.url }], models: { aliases: { quick: 'tiny' } } }
    await using scene = await startConsole(opened(context), { config })
    const { page } = await scene.enter(scene.gateway.adminKey)
    await go(page, 'playground/quick')
    await page.getByLabel('Message').fill('Why is the sky <b>blue</b>?')
    await page.keyboard.press('Enter')
    const log = page.getByRole('log', { name: 'Conversation' })
    await log.getByText('Why is the sky <b>blue</b>?').waitFor()
    await log.getByText('20 tokens').waitFor()
    expect(await log.getByRole('definition').allInnerTexts()).toContain('gpu-1')
    expect(await log.getByRole('definition').allInnerTexts()).toContain('tiny:latest')

    await page.getByLabel('Model').fill('endless')
    await page.getByLabel('Message').fill('And at night?')
    await page.keyboard.press('Enter')
    await press(page, 'Stop')
    await log.getByText('Stopped').waitFor()
    await page.getByLabel('Model').fill('nobody:1b')
    await page.getByLabel('Message').fill('And you?')
    await page.keyboard.press('Enter')
    await log
      .getByRole('alert')
      .getByText(/nobody:1b/)
      .waitFor()
  })
})

describe('what is shown of the gateway', () => {
  it('is where a request goes, what was used, and what it writes into its log', async (context) => {
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }], answerTokens: 5 })
    const config = { upstreams: [{ name: 'gpu-1', url: fake.url }], models: { aliases: { quick: 'tiny' } } }
    await using scene = await startConsole(opened(context), { config })
    const { gateway } = scene
    await (await chat(gateway.url, gateway.adminKey)).text()
    const { page } = await scene.enter(gateway.adminKey)
    await go(page, 'route/quick')
    await page.getByText('A request for quick:latest runs as tiny:latest (alias) and goes to gpu-1 now.').waitFor()
    await go(page, 'usage?range=today&by=model')
    await page.getByRole('cell', { name: 'tiny:latest' }).waitFor()
    await page.getByRole('img', { name: /^Requests by day and model/ }).waitFor()
    await go(page, 'logs')
    await page.getByRole('button', { name: '/api/chat' }).first().press('Enter')
    await page.getByRole('dialog', { name: 'POST /api/chat' }).getByText('tiny:latest').first().waitFor()
    await page.keyboard.press('Escape')
    await go(page, 'logs/gateway')
    await page.getByRole('button', { name: 'upstream is up' }).waitFor()
    await fake.stop()
    await page.getByRole('button', { name: 'upstream is down' }).waitFor()
  })

  it('is why a config was refused', async (context) => {
    await using scene = await startConsole(opened(context))
    const { gateway } = scene
    const { page } = await scene.enter(gateway.adminKey)
    await go(page, 'config')
    await page.getByText('store.url', { exact: true }).waitFor()
    const settings = JSON.parse(await readFile(gateway.configFile, 'utf8')) as object
    await writeFile(gateway.configFile, JSON.stringify({ ...settings, upstreems: [] }))
    const readAgain = async (): Promise<number> => {
      await press(page, 'Read again')
      return page.getByText('upstreems is not a setting').count()
    }
    await expect.poll(readAgain, { timeout: 15_000 }).toBe(1)
    await page.getByText('What held before still holds.').waitFor()
  })

  it('is read again when the gateway comes back', async (context) => {
    await using scene = await startConsole(opened(context))
    const { gateway } = scene
    const { page } = await scene.enter(gateway.adminKey)
    await go(page, 'keys')
    await page.getByRole('link', { name: 'first' }).waitFor()
    // The code of the other pages comes by itself; that of the last in the list is the last.
    const loaded = "performance.getEntriesByType('resource').some(({ name }) => name.includes('audit-page'))"
    await expect.poll(() => page.evaluate(loaded), { timeout: 15_000 }).toBe(true)
    await gateway.stop()
    await page.getByText('connection lost').waitFor()
    await go(page, 'users')
    await page.getByRole('heading', { name: 'The gateway does not answer' }).waitFor()
    await using _back = await startGateway({ folder: gateway.folder, args: ['--listen', `127.0.0.1:${gateway.port}`] })
    await page.getByRole('link', { name: 'admin', exact: true }).waitFor()
  })
})
