import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { makeKey } from '../system/harness/make-key.ts'
import { startGateway } from '../system/harness/start-gateway.ts'
import { seriousFindings } from './accessibility.ts'
import { findChromium, openBrowser, takePicture } from './browser.ts'
import { startConsole } from './console-scene.ts'

// Many steps, each with a bound of its own.
vi.setConfig({ testTimeout: 90_000 })

/** A name that is not this machine to a browser, and so no place for a secure cookie over plain HTTP. */
const ELSEWHERE = 'gateway.example'

let browser: Browser | undefined

beforeAll(async () => {
  const path = findChromium()
  if (path !== undefined) browser = await openBrowser(path, [`--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`])
})

afterAll(() => browser?.close())

function opened(context: TestContext): Browser {
  return browser ?? context.skip('Chromium is not installed')
}

describe('an open page', () => {
  it('says that the gateway is away, and goes on without a login when it is back', async (context) => {
    await using scene = await startConsole(opened(context))
    const { gateway } = scene
    const { page, problems } = await scene.enter(gateway.adminKey)
    await page.getByText('live', { exact: true }).waitFor()
    await gateway.stop()
    await page.getByText('connection lost').waitFor()
    await takePicture(page, 'connection-lost')
    expect(await seriousFindings(page)).toEqual([])

    await using _back = await startGateway({
      folder: gateway.folder,
      args: ['--listen', `127.0.0.1:${gateway.port}`],
    })
    await page.getByText('live', { exact: true }).waitFor()
    await page.getByRole('heading', { name: 'Fleet', level: 1 }).waitFor()
    await page.getByRole('button', { name: 'Log out' }).press('Enter')
    await page.getByText('You have logged out.').waitFor()
    expect(problems).toEqual([])
  })

  it('is out as soon as its key is revoked, and says why', async (context) => {
    await using scene = await startConsole(opened(context))
    const key = await makeKey(scene.gateway, { name: 'short', scopes: ['chat'] })
    const { page } = await scene.enter(key)
    await page.getByText('live', { exact: true }).waitFor()
    const revoked = await fetch(`${scene.gateway.url}/admin/keys/short`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${scene.gateway.adminKey}` },
    })
    expect(revoked.status).toBe(200)
    await page.getByText(/^The session has ended/).waitFor()
    expect(await seriousFindings(page)).toEqual([])
  })

  it('that the gateway is not there for waits for it', async (context) => {
    await using scene = await startConsole(opened(context))
    const { gateway } = scene
    const { page } = await scene.visit()
    await page.getByLabel('Key').fill(gateway.adminKey)
    await gateway.stop()
    await page.keyboard.press('Enter')
    await page.getByText('The gateway does not answer').waitFor()
    await using _back = await startGateway({ folder: gateway.folder, args: ['--listen', `127.0.0.1:${gateway.port}`] })
    await page.getByLabel('Key').press('Enter')
    await page.getByText('live', { exact: true }).waitFor()
  })
})

describe('logging in', () => {
  it('goes by a link that works once and is not kept in the address', async (context) => {
    await using scene = await startConsole(opened(context))
    const { code, stdout } = await scene.gateway.cli('console', '--url', scene.gateway.url)
    expect(code).toBe(0)
    const url = /http\S+#link=\S+/.exec(stdout)?.[0] ?? ''
    const { page } = await scene.visit({ url })
    await page.getByRole('heading', { name: 'Fleet', level: 1 }).waitFor()
    expect(page.url()).not.toContain('link')

    const again = await scene.visit({ url })
    await again.page.getByLabel('Key').waitFor()
    await again.page.getByText(/^The link does not log in any more/).waitFor()
  })

  it('over plain HTTP from elsewhere says what browsers do there, and what helps', async (context) => {
    await using scene = await startConsole(opened(context))
    const { port, adminKey } = scene.gateway
    const { page, context: profile } = await scene.visit({ url: `http://${ELSEWHERE}:${port}/console/` })
    await page.getByLabel('Key').fill(adminKey)
    await page.keyboard.press('Enter')
    await page.getByText('Your browser did not keep the login').waitFor()
    await page.getByText(`ssh -L ${port}:127.0.0.1:${port} ${ELSEWHERE}`).waitFor()
    expect(await profile.cookies()).toEqual([])
    await takePicture(page, 'cookie-lost')
    expect(await seriousFindings(page)).toEqual([])
  })
})
