import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/** The browser of this machine; undefined where there is none. */
export function findChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path))
}

/** Nothing is fetched, and nobody is called at home. */
const QUIET = [
  '--no-sandbox',
  // Containers have little of it.
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
]

export function openBrowser(executablePath: string, args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath, args: [...QUIET, ...args], headless: true, timeout: 30_000 })
}

export const sizes = {
  desk: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
} as const

export interface TabOptions {
  readonly theme?: 'light' | 'dark'
  readonly size?: keyof typeof sizes
}

/** One page in a browser profile of its own, which keeps what went wrong in it. */
export interface Tab extends AsyncDisposable {
  readonly page: Page
  readonly context: BrowserContext
  /** What the page threw, what its policy stopped, what it wrote to the console as an error. */
  readonly problems: readonly string[]
}

export async function openTab(browser: Browser, { theme = 'light', size = 'desk' }: TabOptions = {}): Promise<Tab> {
  const context = await browser.newContext({
    viewport: sizes[size],
    colorScheme: theme,
    reducedMotion: 'reduce',
    hasTouch: size === 'phone',
    locale: 'en-GB',
    timezoneId: 'UTC',
  })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(`thrown: ${error.message}`))
  page.on('console', (message) => {
    // What the browser itself says of an answer that is an error: the page deals with those.
    const isAnswer = message.text().startsWith('Failed to load resource')
    if (message.type() === 'error' && !isAnswer) problems.push(message.text())
  })
  return { page, context, problems, [Symbol.asyncDispose]: () => context.close() }
}

/** Where pictures go if somebody wants to look at them: `CORRAL_TEST_SCREENSHOTS=folder`. */
export async function takePicture(page: Page, name: string): Promise<void> {
  const folder = process.env['CORRAL_TEST_SCREENSHOTS']
  if (folder === undefined) return
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' })
}
