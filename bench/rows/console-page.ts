import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { findChromium, openBrowser } from '../../test/console/browser.ts'
import type { RunningGateway } from '../../test/system/harness/start-gateway.ts'
import { measured, startLogged, STUB_SLOTS } from '../parts/gateway.ts'
import { cpuSince, cpuTime } from '../parts/process-usage.ts'
import { type Bench, type Measure, notMeasured, type Row, type RowResult } from '../parts/row.ts'
import { median, percentile } from '../parts/statistics.ts'
import { startSteadyLoad } from '../parts/steady-load.ts'

const LIVE = 'console: CPU of the gateway for an open live page at 200 exchanges/s'
const LIVE_REACH = '<= 5 % of a core'
const READY = 'console: from opening the page to the fleet on it'
const READY_REACH = '<= 1000 ms'
const HEAP = 'console: memory of the tab after an hour at 200 exchanges/s, from its growth'
const HEAP_REACH = '<= 100 MB'
const SCROLL = 'console: a table of 10,000 rows, frames while it scrolls, p95'
const SCROLL_REACH = '<= 33 ms'

const PER_SECOND = 200
const ROWS = 10_000
const MB = 1024 * 1024
const HOUR_MS = 3_600_000

export const consolePage: Row = { name: 'console', title: 'The console', measure }

async function measure(bench: Bench): Promise<RowResult> {
  const path = findChromium()
  if (path === undefined) {
    const all = [LIVE, LIVE_REACH, READY, READY_REACH, HEAP, HEAP_REACH, SCROLL, SCROLL_REACH]
    const pairs = all.flatMap((what, at) => (at % 2 === 0 ? [[what, all[at + 1] ?? ''] as const] : []))
    return { measures: pairs.map(([what, reach]) => notMeasured(what, reach, 'no Chromium')), details: [] }
  }
  await using gateway = await startLogged({ upstreams: [{ name: 'stub', url: bench.stubUrl, slots: STUB_SLOTS }] })
  const browser = await openBrowser(path)
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    await logIn(context, gateway)
    const ready = await timeToFleet(context, gateway, bench.quick ? 3 : 9)
    bench.say('the fleet is there')
    const live = await costOfWatching(context, gateway, bench)
    bench.say('the live page was watched')
    const scroll = await scrolling(browser, context, gateway)
    return {
      measures: [ready.measure, ...live.measures, scroll.measure],
      details: [...ready.details, ...live.details, ...scroll.details],
    }
  } finally {
    await browser.close()
  }
}

interface Part {
  readonly measure: Measure
  readonly details: readonly string[]
}

async function logIn(context: BrowserContext, gateway: RunningGateway): Promise<void> {
  const page = await context.newPage()
  await page.goto(`${gateway.url}/console/`)
  await page.getByLabel('Key').fill(gateway.adminKey)
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: 'Upstream stub' }).waitFor()
  await page.close()
}

async function timeToFleet(context: BrowserContext, gateway: RunningGateway, rounds: number): Promise<Part> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const page = await context.newPage()
    const startedAt = performance.now()
    await page.goto(`${gateway.url}/console/#/fleet`)
    await page.getByRole('region', { name: 'Upstream stub' }).waitFor()
    times.push(performance.now() - startedAt)
    await page.close()
  }
  const ms = median(times)
  return {
    measure: { what: READY, reach: READY_REACH, measured: `${ms.toFixed(0)} ms`, reached: ms <= 1000 },
    details: [`- to the fleet, logged in already: ${times.map((time) => time.toFixed(0)).join(', ')} ms`],
  }
}

/** The same load with and without a page that watches it, in turns. */
async function costOfWatching(
  context: BrowserContext,
  gateway: RunningGateway,
  { quick }: Bench,
): Promise<{ measures: Measure[]; details: string[] }> {
  const target = await measured(gateway)
  const load = startSteadyLoad(target, PER_SECOND)
  const windowMs = quick ? 3000 : 10_000
  const shares: { alone: number; watched: number }[] = []
  const page = await context.newPage()
  try {
    await sleep(2 * windowMs)
    for (let pair = 0; pair < (quick ? 1 : 4); pair++) {
      const alone = await shareOfCore(gateway.pid, windowMs)
      await page.goto(`${gateway.url}/console/#/live`)
      await page.getByRole('heading', { name: 'Live', level: 1 }).waitFor()
      await sleep(2000)
      shares.push({ alone, watched: await shareOfCore(gateway.pid, windowMs) })
      await page.goto('about:blank')
      await sleep(500)
    }
    const heap = await tabMemory(page, gateway, quick ? 5000 : 30_000)
    const { answered, failed } = load.counts
    const cost = median(shares.map(({ alone, watched }) => watched - alone))
    return {
      measures: [
        { what: LIVE, reach: LIVE_REACH, measured: `${(cost * 100).toFixed(1)} %`, reached: cost <= 0.05 },
        heap.measure,
      ],
      details: [
        `- of a core, alone and watched: ${shares.map(({ alone, watched }) => `${percentOf(alone)} and ${percentOf(watched)}`).join(', ')}; ${answered} answers, ${failed} failed`,
        ...heap.details,
      ],
    }
  } finally {
    load.stop()
    await page.close()
  }
}

function percentOf(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

async function shareOfCore(pid: number, windowMs: number): Promise<number> {
  const before = cpuTime(pid)
  await sleep(windowMs)
  const { userUs, systemUs } = cpuSince(before, pid)
  return (userUs + systemUs) / (windowMs * 1000)
}

/** What its scripts hold after a collection, some times over; what it grows by is drawn out to an hour. */
async function tabMemory(page: Page, gateway: RunningGateway, stepMs: number): Promise<Part> {
  await page.goto(`${gateway.url}/console/#/live`)
  await page.getByRole('heading', { name: 'Live', level: 1 }).waitFor()
  const devtools = await page.context().newCDPSession(page)
  const heaps: number[] = []
  for (let step = 0; step < 4; step++) {
    await sleep(stepMs)
    await devtools.send('HeapProfiler.collectGarbage')
    const { usedSize, embedderHeapUsedSize = 0 } = (await devtools.send('Runtime.getHeapUsage')) as {
      usedSize: number
      embedderHeapUsedSize?: number
    }
    heaps.push((usedSize + embedderHeapUsedSize) / MB)
  }
  // The first fills the lists that are bounded.
  const [, first = Number.NaN, , last = Number.NaN] = heaps
  const perHour = (Math.max(0, last - first) / (2 * stepMs)) * HOUR_MS
  const afterAnHour = last + perHour
  return {
    measure: { what: HEAP, reach: HEAP_REACH, measured: `${afterAnHour.toFixed(0)} MB`, reached: afterAnHour <= 100 },
    details: [
      `- scripts and documents of the live page after a collection, each ${stepMs / 1000} s: ${heaps.map((heap) => heap.toFixed(1)).join(', ')} MB; an hour itself was not waited for`,
    ],
  }
}

/** Keys, because there may be as many as anybody likes. */
async function scrolling(browser: Browser, context: BrowserContext, gateway: RunningGateway): Promise<Part> {
  await makeKeys(gateway)
  const page = await context.newPage()
  await page.goto(`${gateway.url}/console/#/keys`)
  const table = page.getByRole('table').first()
  await table.getByRole('row').nth(5).waitFor()
  const box = await table.boundingBox()
  await page.mouse.move((box?.x ?? 0) + 200, (box?.y ?? 0) + 120)
  await page.evaluate(RECORD_FRAMES)
  for (let turn = 0; turn < 120; turn++) await page.mouse.wheel(0, 400)
  const frames = await page.evaluate<number[]>('window.frameTimes')
  await page.close()
  const ms = percentile(frames, 95)
  return {
    measure: { what: SCROLL, reach: SCROLL_REACH, measured: `${ms.toFixed(0)} ms`, reached: ms <= 33 },
    details: [
      `- ${frames.length} frames while ${ROWS} keys scroll by (${browser.version()}, drawn by the processor): p50 ${percentile(frames, 50).toFixed(0)} ms, p95 ${ms.toFixed(0)} ms, longest ${Math.max(...frames).toFixed(0)} ms`,
    ],
  }
}

/** Runs in the page, which has no types here. */
const RECORD_FRAMES = `(() => {
  window.frameTimes = []
  let last = performance.now()
  const next = (now) => {
    window.frameTimes.push(now - last)
    last = now
    requestAnimationFrame(next)
  }
  requestAnimationFrame(next)
})()`

async function makeKeys(gateway: RunningGateway): Promise<void> {
  const secrets = Array.from({ length: ROWS }, (_, at) => `bench-key-${String(at).padStart(6, '0')}`)
  const response = await fetch(`${gateway.url}/admin/keys/import`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'admin', text: JSON.stringify(secrets) }),
  })
  if (!response.ok) throw new Error(`The keys were not imported: ${await response.text()}`)
}
