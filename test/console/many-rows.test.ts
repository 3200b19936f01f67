import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startGateway } from '../system/harness/start-gateway.ts'
import { findChromium, openBrowser } from './browser.ts'
import { startConsole } from './console-scene.ts'

vi.setConfig({ testTimeout: 90_000 })

const ROWS = 10_000

let browser: Browser | undefined

beforeAll(async () => {
  const path = findChromium()
  if (path !== undefined) browser = await openBrowser(path)
})

afterAll(() => browser?.close())

it('draws only what is seen of ten thousand keys, wherever they are scrolled to', async (context) => {
  if (browser === undefined) return context.skip('Chromium is not installed')
  await using first = await startGateway()
  await first.stop()
  fillWithKeys(join(first.folder, 'corral.db'))
  await using scene = await startConsole(browser, { folder: first.folder })

  const { page, problems } = await scene.enter(first.adminKey)
  await page.getByRole('link', { name: 'Keys', exact: true }).press('Enter')
  const table = page.getByRole('table').first()
  await table.getByRole('link').first().waitFor()
  const rows = table.locator('tbody tr:not(.spacer)')
  const box = page.locator('.table-box').first()
  expect(Number(await table.getAttribute('aria-rowcount'))).toBeGreaterThan(ROWS)

  const height = await box.evaluate((element) => element.scrollHeight)
  for (const share of [0, 0.13, 0.5, 0.77, 1]) {
    await box.evaluate((element, top) => void (element.scrollTop = top), height * share)
    // In the middle of the box stands a row, not the room of one.
    await expect
      .poll(() =>
        box.evaluate((element) => {
          const { left, top, width, height } = element.getBoundingClientRect()
          const found = element.ownerDocument.elementFromPoint(left + width / 2, top + height / 2)
          return found?.closest('tr')?.className ?? 'none'
        }),
      )
      .toBe('')
    expect(await rows.count()).toBeLessThan(80)
  }
  const last = await rows.last().getAttribute('aria-rowindex')
  expect(last).toBe(await table.getAttribute('aria-rowcount'))

  await box.focus()
  await page.keyboard.press('Home')
  await expect.poll(() => rows.first().getAttribute('aria-rowindex')).toBe('2')
  expect(problems).toEqual([])
})

/** Copies of the first key, which open nothing: made one by one through the API they would take minutes. */
function fillWithKeys(path: string): void {
  using database = new DatabaseSync(path)
  const columns = database.prepare('pragma table_info(keys)').all() as { name: string }[]
  const values = columns.map(({ name }) => {
    if (name === 'id' || name === 'name') return `'copy-' || n`
    return name === 'digest' ? 'lower(hex(randomblob(32)))' : `keys."${name}"`
  })
  const names = columns.map(({ name }) => `"${name}"`).join(', ')
  const numbers = `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${ROWS})`
  database.exec(
    `${numbers} insert into keys (${names}) select ${values.join(', ')} from numbers, (select * from keys limit 1) as keys`,
  )
}
