import type { Secret } from '../../lib/secret.ts'

/** Where an agent dials, and with what. */
export interface GatewayAddress {
  /** http or https, without query or a final slash. */
  readonly url: string
  readonly key: Secret
  /** PEM text of an authority to trust beside the system's. */
  readonly ca: string | null
}

/** Undefined for what is no such URL. `ws:` and `wss:` are taken for what they mean. */
export function parseGatewayUrl(written: string): string | undefined {
  const withScheme = /^[a-z]+:\/\//i.test(written) ? written : `http://${written}`
  const asHttp = withScheme.replace(/^ws(s?):/i, 'http$1:')
  if (!URL.canParse(asHttp) || /[\s\\?#]/.test(asHttp)) return undefined
  const url = new URL(asHttp)
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '' || url.hostname === '')
    return undefined
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`
}
