import { versions } from 'node:process'
import type { Check } from './check.ts'

const oldestNode = 24
const maxSkewMs = 30_000
/** Nothing of this was written before. */
const earliest = Date.parse('2026-01-01')

export function checkNode(version: string = versions.node): Check {
  if (Number.parseInt(version, 10) >= oldestNode) return { name: 'node', state: 'ok', message: `Node ${version}` }
  const advice = `Install Node ${oldestNode} or newer, or start from a clone with "npm start", which brings its own`
  return { name: 'node', state: 'fail', message: `Node ${version} is too old`, advice }
}

/** Compares this machine's clock with the `Date` fields of others. */
export function checkClock(now: number, others: readonly (string | undefined)[]): Check {
  const advice = 'Set the clock (NTP): keys expire by it, and signatures of the ollama CLI are valid for a minute'
  if (now < earliest) return { name: 'clock', state: 'fail', message: `It says ${new Date(now).toISOString()}`, advice }
  const skews = others.map((date) => Math.abs(now - Date.parse(date ?? ''))).filter((skew) => !Number.isNaN(skew))
  const worst = Math.max(0, ...skews)
  if (worst > maxSkewMs) {
    const message = `It is ${Math.round(worst / 1000)} seconds away from that of another machine`
    return { name: 'clock', state: 'warn', message, advice }
  }
  const message =
    skews.length === 0 ? 'It looks right; there is no other to compare it with' : 'It agrees with that of others'
  return { name: 'clock', state: 'ok', message }
}
