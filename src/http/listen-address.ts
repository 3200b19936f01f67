export interface ListenAddress {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_PORT = 11435

/** `HOST:PORT`, `[IPv6]:PORT`, `HOST`, `PORT` (on loopback) or `:PORT` (on every address). */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (/^\d+$/.test(text)) return withPort(DEFAULT_HOST, text)
  const match = /^(?:\[([0-9a-f:.]+(?:%[\w.]+)?)\]|([a-z0-9_][\w.-]*)?)(?::(\d+))?$/i.exec(text)
  if (match === null || text === '') return undefined
  const [, bracketed, plain, port] = match
  const host = bracketed ?? plain
  if (host === undefined && port === undefined) return undefined
  return withPort(host ?? '0.0.0.0', port ?? String(DEFAULT_PORT))
}

function withPort(host: string, port: string): ListenAddress | undefined {
  const number = Number(port)
  return number <= 65_535 ? { host: host.toLowerCase(), port: number } : undefined
}

/** Whether nobody but this machine can connect to it. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}
