import type { Browser } from 'playwright-core'
import { startGateway, type GatewayOptions, type RunningGateway } from '../system/harness/start-gateway.ts'
import { openTab, type Tab, type TabOptions } from './browser.ts'

/** A gateway, and a way to look at it as somebody would. */
export interface ConsoleScene extends AsyncDisposable {
  readonly gateway: RunningGateway
  /** The page as it opens for somebody who was never there. */
  visit(options?: Visit): Promise<Tab>
  /** The same, logged in by typing a key. */
  enter(key: string, options?: Visit): Promise<Tab>
}

export interface Visit extends TabOptions {
  /** Another address than the gateway's own, or more than `/console/`. */
  readonly url?: string
}

export async function startConsole(browser: Browser, options: GatewayOptions = {}): Promise<ConsoleScene> {
  const gateway = await startGateway(options)
  const tabs: Tab[] = []

  async function visit({ url = `${gateway.url}/console/`, ...tabOptions }: Visit = {}): Promise<Tab> {
    const tab = await openTab(browser, tabOptions)
    tabs.push(tab)
    await tab.page.goto(url)
    return tab
  }
  return {
    gateway,
    visit,
    async enter(key, options) {
      const tab = await visit(options)
      await tab.page.getByLabel('Key').fill(key)
      await tab.page.keyboard.press('Enter')
      await tab.page.getByRole('navigation', { name: 'Pages' }).waitFor()
      return tab
    },
    async [Symbol.asyncDispose]() {
      for (const tab of tabs) await tab[Symbol.asyncDispose]()
      await gateway[Symbol.asyncDispose]()
    },
  }
}
