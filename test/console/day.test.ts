import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { startFakeOllama } from '../fakes/fake-ollama/fake-ollama.ts'
import { startAgent } from '../system/harness/start-agent.ts'
import { readStream } from '../system/harness/stream-client.ts'
import { seriousFindings } from './accessibility.ts'
import { findChromium, openBrowser } from './browser.ts'
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

describe('a key', () => {
  it('is made, used up to its limit, and revoked while it streams', async (context) => {
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }], tokensPerSecond: 20, answerTokens: 100_000 })
    await using scene = await startConsole(opened(context), {
      config: { upstreams: [{ name: 'gpu-1', url: fake.url }] },
    })
    const { gateway } = scene
    const { page, problems } = await scene.enter(gateway.adminKey)
    await page.getByRole('link', { name: 'Keys', exact: true }).press('Enter')
    await page.getByRole('link', { name: 'New key' }).press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill('phone')
    await dialog.getByText('Models, limits and more').press('Enter')
    await dialog.getByLabel('Requests per minute').fill('2')
    await dialog.getByRole('button', { name: 'Create' }).press('Enter')
    const secret = (await dialog.getByLabel('The key', { exact: true }).textContent()) ?? ''
    expect(secret).toMatch(/^crl_\w+$/)
    await dialog.getByText('Tried it: it works, and sees 1 model').waitFor()
    await dialog.getByText(secret).nth(1).waitFor()
    expect(await seriousFindings(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Done' }).press('Enter')
    await dialog.waitFor({ state: 'detached' })
    expect(await page.content()).not.toContain(secret)

    const ask = (num_predict: number) =>
      readStream(`${gateway.url}/api/chat`, {
        headers: { authorization: `Bearer ${secret}` },
        body: { model: 'tiny', messages: [{ role: 'user', content: 'hello' }], options: { num_predict } },
      })
    expect((await ask(3)).status).toBe(200)
    const endless = ask(100_000)
    await page.getByRole('link', { name: 'Live' }).press('Enter')
    const now = page.getByRole('region', { name: 'Exchanges that run or wait' })
    await now.getByText('answering').waitFor()
    const refused = await ask(3)
    expect([refused.status, refused.headers['corral-error']]).toEqual([429, 'rate_limited'])

    await page.getByRole('link', { name: 'Keys', exact: true }).press('Enter')
    await page
      .getByRole('button', { name: 'phone' })
      .or(page.getByRole('link', { name: 'phone' }))
      .press('Enter')
    await page.getByRole('dialog', { name: 'phone' }).getByRole('button', { name: 'Revoke' }).press('Enter')
    await page.getByRole('dialog', { name: 'Revoke phone?' }).getByRole('button', { name: 'Revoke' }).press('Enter')
    await page.getByText('The key phone is revoked').waitFor()
    const ended = await endless
    expect(ended.text).toContain('"error"')
    expect((await ask(3)).status).toBe(401)
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Live' }).press('Enter')
    await page.getByText('Nothing runs now').waitFor()
    expect(problems).toEqual([])
  })
})

describe('an agent key', () => {
  it('waits on the page until its agent has dialled in', async (context) => {
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
    await using scene = await startConsole(opened(context))
    const { page, problems } = await scene.enter(scene.gateway.adminKey)
    await page.getByRole('link', { name: 'Keys', exact: true }).press('Enter')
    await page.getByRole('link', { name: 'New agent key' }).press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name', { exact: true }).fill('home-pc')
    await dialog.getByRole('button', { name: 'Create' }).press('Enter')
    await dialog.getByText('Waiting for the agent').waitFor()
    const secret = (await dialog.getByLabel('The key', { exact: true }).textContent()) ?? ''
    expect(await dialog.getByLabel('Line for the agent', { exact: true }).textContent()).toContain(secret)
    expect(await seriousFindings(page)).toEqual([])

    await using _agent = await startAgent({ id: 'home-pc', server: scene.gateway.url, key: secret, ollama: fake.url })
    await dialog.getByText('home-pc is connected').waitFor()
    await dialog.getByText(/pool default\. +Ollama \S+, 1 model\./).waitFor()
    await dialog.getByRole('link', { name: 'See the fleet' }).press('Enter')
    await page.getByRole('region', { name: 'Upstream home-pc' }).getByText('up', { exact: true }).waitFor()
    expect(problems).toEqual([])
  })
})

describe('a model', () => {
  it('is pulled to several with its progress, which outlives the page', async (context) => {
    const slow = { models: [{ name: 'tiny' }], pullBytesPerSecond: 200_000 }
    await using one = await startFakeOllama(slow)
    await using two = await startFakeOllama(slow)
    await using scene = await startConsole(opened(context), {
      config: {
        upstreams: [
          { name: 'gpu-1', url: one.url },
          { name: 'gpu-2', url: two.url },
        ],
      },
    })
    const { page, problems } = await scene.enter(scene.gateway.adminKey)
    await page.getByRole('link', { name: 'Models', exact: true }).press('Enter')
    await page.getByRole('link', { name: 'Pull a model' }).first().press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Model', { exact: true }).fill('new:1b')
    await dialog.getByRole('button', { name: 'Pull', exact: true }).press('Enter')
    await dialog.waitFor({ state: 'detached' })
    const jobs = page.getByRole('region', { name: 'Changes of models' })
    for (const name of ['gpu-1', 'gpu-2']) {
      await jobs.getByLabel(`new:1b on ${name}`).waitFor()
    }
    await jobs
      .getByText(/ of .*B, .*B\/s/)
      .first()
      .waitFor()
    expect(await seriousFindings(page)).toEqual([])
    await page.reload()
    await jobs.getByText('2 of 2 done').waitFor({ timeout: 30_000 })
    await page.getByRole('row', { name: /new:1b/ }).waitFor()
    expect(problems).toEqual([])
  })
})
