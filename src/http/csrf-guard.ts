import { Buffer } from 'node:buffer'
import { timingSafeEqual } from 'node:crypto'
import { GatewayError } from '../errors/gateway-error.ts'
import { headerValue, type RawHeaders } from '../lib/raw-headers.ts'
import type { ClientRequest } from '../proxy/client-port.ts'
import { isOfForeignPage } from './origin-guard.ts'

export const CSRF_HEADER = 'corral-csrf'

type Asked = Pick<ClientRequest, 'method' | 'headers'>

/**
 * What speaks against a request that a browser has put a cookie to by itself. Pages of other ports are the same site to
 * SameSite, and pages of a hostile network are any site: so the page must be ours, and for a change it must know what no
 * cookie tells.
 */
export function checkSessionUse({ method, headers }: Asked, csrf: () => string): GatewayError | undefined {
  if (isOfOtherPage(headers)) return new GatewayError('csrf_denied')
  if (method === 'GET' || method === 'HEAD') return undefined
  if (!isOfOwnPage(headers)) {
    return new GatewayError('csrf_denied', { message: 'A change needs the Origin of the gateway itself' })
  }
  if (isSame(headerValue(headers, CSRF_HEADER), csrf())) return undefined
  return new GatewayError('csrf_denied', { message: `A change needs the header ${CSRF_HEADER} of the session` })
}

/** Whether it comes from a page that is not ours. What is no browser says nothing of pages. */
export function isOfOtherPage(headers: RawHeaders): boolean {
  const site = siteOf(headers)
  // Says more than Origin does: a proxy in front may have put another name into Host.
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  return isOfForeignPage(headers)
}

function isOfOwnPage(headers: RawHeaders): boolean {
  const site = siteOf(headers)
  if (site !== undefined) return site === 'same-origin'
  return headerValue(headers, 'origin') !== undefined && !isOfForeignPage(headers)
}

/** No page can write this field; browsers leave it out over plain HTTP from elsewhere. */
function siteOf(headers: RawHeaders): string | undefined {
  return headerValue(headers, 'sec-fetch-site')?.trim().toLowerCase()
}

function isSame(given: string | undefined, wanted: string): boolean {
  if (given === undefined) return false
  const [one, other] = [Buffer.from(given, 'latin1'), Buffer.from(wanted, 'latin1')]
  return one.length === other.length && timingSafeEqual(one, other)
}
