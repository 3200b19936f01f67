import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, afterEach, expect, it, vi, type TestContext } from 'vitest'
import { findChromium } from './browser.ts'
import { startGateway, type RunningGateway } from '../system/harness/start-gateway.ts'
import { askAdmin } from '../system/people/ask-admin.ts'

// Many steps, each with a bound of its own.
vi.setConfig({ testTimeout: 90_000 })

let gateway: RunningGateway
/** Of somebody else, on another port of the same machine. */
let neighbour: Server
let browser: Browser | undefined
let context: BrowserContext | undefined

beforeAll(async () => {
  gateway = await startGateway()
  neighbour = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<p>hello'))
  await new Promise<void>((resolve) => neighbour.listen(0, '127.0.0.1', resolve))
  const executablePath = findChromium()
  // A name that is another machine to the browser.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--host-resolver-rules=MAP gw.test 127.0.0.1']
  if (executablePath !== undefined) browser = await chromium.launch({ executablePath, args, timeout: 30_000 })
})
afterAll(async () => {
  await browser?.close()
  neighbour.close()
  await gateway[Symbol.asyncDispose]()
})

beforeEach(async () => {
  context = await browser?.newContext()
  context?.setDefaultTimeout(20_000)
})
afterEach(() => context?.close())

async function openPage(test: TestContext, url: string): Promise<Page> {
  if (context === undefined) return test.skip('Chromium is not installed')
  const page = await context.newPage()
  await page.goto(url)
  return page
}

/** What a page is answered: only its status where it may not read more. */
function fetched(page: Page, path: string, options: object = {}): Promise<unknown> {
  const call = `fetch(${JSON.stringify(path)}, ${JSON.stringify(options)})`
  return page.evaluate(`${call}.then((answer) => answer.status, (error) => String(error))`)
}

const logIn = (key: string) => ({ method: 'POST', body: JSON.stringify({ key }) })
const at = (host: string): string => `http://${host}:${gateway.port}`

it.for(['127.0.0.1', 'localhost', 'corral.localhost'])(
  'keeps the cookie at %s, out of reach of scripts',
  async (host, test) => {
    const page = await openPage(test, `${at(host)}/livez`)
    expect(await fetched(page, '/console/session')).toBe(401)
    expect(await fetched(page, '/console/session', logIn(gateway.adminKey))).toBe(200)
    expect(await fetched(page, '/console/session')).toBe(200)
    expect(await fetched(page, '/admin/users')).toBe(200)
    expect(await fetched(page, '/api/tags')).toBe(401)
    expect(await page.evaluate('document.cookie')).toBe('')
  },
)

it('keeps no cookie over plain HTTP from elsewhere, and the page says so', async (test) => {
  const page = await openPage(test, `${at('gw.test')}/console/`)
  await page.getByLabel('Key').fill(gateway.adminKey)
  await page.keyboard.press('Enter')
  await page.getByText('Your browser did not keep the login').waitFor()
  expect(await fetched(page, '/console/session')).toBe(401)
})

it('lets a page of another port, which is the same site, neither change nor read', async (test) => {
  const own = await openPage(test, `${at('127.0.0.1')}/livez`)
  expect(await fetched(own, '/console/session', logIn(gateway.adminKey))).toBe(200)
  const { port } = neighbour.address() as AddressInfo
  const page = await openPage(test, `http://127.0.0.1:${port}/`)
  const before = await keyNames()
  const failed = 'TypeError: Failed to fetch'
  const with_ = { credentials: 'include' }
  const forged = { method: 'POST', body: '{"name":"forged"}' }
  const url = `${at('127.0.0.1')}/admin/me/keys`
  expect(await fetched(page, url, with_)).toBe(failed)
  expect(await fetched(page, url, { ...with_, ...forged })).toBe(failed)
  expect(await fetched(page, url, { ...with_, ...forged, headers: { 'corral-csrf': 'x' } })).toBe(failed)
  // What cannot be read arrives all the same, with the cookie: status 0 is all that the page learns.
  expect(await fetched(page, url, { ...with_, ...forged, mode: 'no-cors' })).toBe(0)
  const other = `${at('127.0.0.1')}/console/session`
  expect(await fetched(page, other, { ...with_, ...logIn(gateway.adminKey), mode: 'no-cors' })).toBe(0)
  await submitForm(page, url)
  expect(await page.content()).toContain("The request does not come from the console's own page")
  expect(await keyNames()).toEqual(before)
  expect(await fetched(own, '/console/session')).toBe(200)
})

it('opens a link once, which stays out of the address', async (test) => {
  const { stdout } = await gateway.cli('console', '--url', gateway.url)
  const page = await openPage(test, stdout.trim())
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
  expect(page.url()).not.toContain('crl_')
  expect(await fetched(page, '/console/session')).toBe(200)
  await context?.clearCookies()
  const again = await openPage(test, stdout.trim())
  await again.getByLabel('Key').waitFor()
  expect(again.url()).not.toContain('crl_')
  expect(await fetched(again, '/console/session')).toBe(401)
})

async function keyNames(): Promise<string[]> {
  const { body } = await askAdmin<{ name: string }[]>(gateway, 'GET /admin/keys')
  return body.map(({ name }) => name)
}

/** As a page can without any script: a top-level navigation. */
async function submitForm(page: Page, url: string): Promise<void> {
  await page.setContent(`<form method="post" enctype="text/plain" action="${url}">
    <input name='{"name":"forged","x":"' value='"}'><button>Win</button></form>`)
  await Promise.all([page.waitForURL(url), page.getByRole('button').click()])
}
