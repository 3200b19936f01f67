import { bytesText } from '../status/amounts.ts'
import type { ServerProgress } from './server-progress.ts'

/** What does not fit beside a bar of this width goes without one. */
const NARROWEST_BAR = 8
const WIDEST_BAR = 40

/** One line per server, none wider than `width`. */
export function progressLines(servers: readonly ServerProgress[], width: number): string[] {
  const nameWidth = Math.max(0, ...servers.map(({ name }) => name.length))
  return servers.map((server) => {
    const text = `${server.name.padEnd(nameWidth)}  ${oneLine(server)}`
    const { layer } = server
    if (layer === null || layer.total === 0) return text.slice(0, width)
    const share = layer.completed / layer.total
    const amounts = `${String(Math.floor(share * 100)).padStart(3)}%`
    const sizes = `${bytesText(layer.completed)}/${bytesText(layer.total)}`
    const room = Math.min(WIDEST_BAR, width - text.length - amounts.length - sizes.length - 4)
    const bar = room < NARROWEST_BAR ? '' : `${barOf(share, room)} `
    return `${text}  ${amounts} ${bar}${sizes}`.slice(0, width)
  })
}

/** What one says next where lines cannot be drawn over: at each new status, and at each tenth of a layer. */
export function plainProgress(before: ServerProgress | undefined, now: ServerProgress): string | undefined {
  const text = `${now.name}: ${oneLine(now)}`
  const isNew = before?.state !== now.state || before.status !== now.status
  if (now.layer === null || now.layer.total === 0) return isNew ? text : undefined
  const tenth = ({ layer }: ServerProgress): number =>
    layer === null || layer.total === 0 ? -1 : Math.floor((layer.completed / layer.total) * 10)
  if (!isNew && before !== undefined && tenth(before) === tenth(now)) return undefined
  return `${text} ${tenth(now) * 10}% of ${bytesText(now.layer.total)}`
}

function oneLine({ state, status }: ServerProgress): string {
  const words = status.replaceAll(/[\s\p{Cc}]+/gu, ' ')
  if (state === 'failed') return `failed: ${words}`
  return state === 'done' ? 'done' : words
}

function barOf(share: number, width: number): string {
  const full = Math.round(share * (width - 2))
  return `[${'#'.repeat(full)}${'.'.repeat(width - 2 - full)}]`
}
