import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { findChromium, openBrowser, openTab } from '../test/console/browser.ts'
import { startGateway } from '../test/system/harness/start-gateway.ts'
import { openScenery } from './console-scenery.ts'

// Takes the pictures of docs/console anew: every page, in both themes and as on a phone.

const FOLDER = join(import.meta.dirname, '../docs/console')
const PLACES = [
  ...['fleet', 'live', 'models', 'usage', 'keys', 'keys/new', 'users', 'route/qwen3:32b', 'playground', 'logs'],
  ...['logs/gateway', 'config', 'audit'],
]
const LOOKS = [
  { name: 'light', theme: 'light', size: 'desk' },
  { name: 'dark', theme: 'dark', size: 'desk' },
  { name: 'phone', theme: 'light', size: 'phone' },
] as const
/** Until what is live has been seen for a while. */
const SETTLE_MS = 1500
/** Until the gateway has learnt who it is dealing with. */
const WARM_UP_MS = 15_000

const path = findChromium()
if (path === undefined) {
  console.error('There is no Chromium to take pictures with: apt-get install chromium')
  process.exitCode = 1
} else await takeAll(path)

async function takeAll(chromium: string): Promise<void> {
  const browser = await openBrowser(chromium)
  const place = join(tmpdir(), 'corral')
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place)
  mkdirSync(FOLDER, { recursive: true })
  try {
    await takeFirstRun(browser)
    await using scenery = await openScenery(place)
    const { url, adminKey } = scenery.gateway
    await setTimeout(WARM_UP_MS)
    for (const { name, ...look } of LOOKS) {
      await using tab = await openTab(browser, look)
      await tab.page.goto(`${url}/console/`)
      await take(tab.page, `log-in-${name}`)
      await logIn(tab.page, adminKey)
      for (const each of PLACES) {
        await tab.page.goto(`${url}/console/#/${each}`)
        if (each === 'playground') await chat(tab.page)
        await take(tab.page, `${each.replace(/\/.*:.*$/, '').replaceAll('/', '-')}-${name}`)
      }
    }
  } finally {
    await browser.close()
    rmSync(place, { recursive: true, force: true })
  }
}

async function takeFirstRun(browser: Awaited<ReturnType<typeof openBrowser>>): Promise<void> {
  await using gateway = await startGateway()
  for (const { name, ...look } of LOOKS) {
    await using tab = await openTab(browser, look)
    await tab.page.goto(`${gateway.url}/console/`)
    await logIn(tab.page, gateway.adminKey)
    await take(tab.page, `first-run-${name}`)
  }
}

async function logIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('Key').fill(key)
  await page.keyboard.press('Enter')
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
}

async function chat(page: Page): Promise<void> {
  await page.getByLabel('Model', { exact: true }).fill('qwen3:8b')
  await page.getByLabel('Message').fill('Why is the sky blue?')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.waitForTimeout(4 * SETTLE_MS)
}

async function take(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(SETTLE_MS)
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' })
  console.error(name)
}
