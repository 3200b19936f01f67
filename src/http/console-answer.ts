import { GatewayError } from '../errors/gateway-error.ts'
import { headerValue, type RawHeaders } from '../lib/raw-headers.ts'
import { type ConsoleFile, type ConsoleFiles, INDEX } from './console-files.ts'
import type { OwnReply } from './respond.ts'

/** What the page may do: its own files, its own host, and no text that becomes code. */
const POLICY = [
  "default-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const ALWAYS: readonly string[] = [
  ...['content-security-policy', POLICY],
  ...['cross-origin-opener-policy', 'same-origin'],
  ...['cross-origin-resource-policy', 'same-origin'],
  ...['permissions-policy', 'camera=(), geolocation=(), microphone=()'],
]

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Corral</title>
<h1>The console is not built</h1>
<p>In the folder of the clone, with the development packages installed (<code>npm ci</code>), run:</p>
<pre>npm run build:console</pre>
<p>Then load this page again; the gateway need not be restarted. The npm package brings the console along.</p>
</html>
`

/** A file of the console, `path` as it stands behind `/console/`. Throws GatewayError. */
export async function consoleAnswer(files: ConsoleFiles, path: string, headers: RawHeaders): Promise<OwnReply> {
  const file = await files.find(path === '' ? INDEX : path)
  if (file !== undefined) return fileAnswer(file, headers)
  if (path !== '') throw new GatewayError('route_not_found')
  const type = ['content-type', 'text/html; charset=utf-8', 'cache-control', 'no-store']
  return { status: 503, headers: [...type, ...ALWAYS], body: NOT_BUILT }
}

/** To where the page's own links are right. */
export function toConsole(): OwnReply {
  return { status: 308, headers: ['location', '/console/', 'cache-control', 'no-store', ...ALWAYS], body: '' }
}

function fileAnswer(file: ConsoleFile, headers: RawHeaders): OwnReply {
  const age = file.hashed ? 'public, max-age=31536000, immutable' : 'no-cache'
  const fields = ['cache-control', age, 'etag', file.etag, 'vary', 'accept-encoding', ...ALWAYS]
  if (headerValue(headers, 'if-none-match') === file.etag) return { status: 304, headers: fields, body: '' }
  const { coding, body } = inCoding(file, headerValue(headers, 'accept-encoding') ?? '')
  const coded = coding === null ? [] : ['content-encoding', coding]
  return { status: 200, headers: ['content-type', file.type, ...coded, ...fields], body }
}

function inCoding({ br, gzip, plain }: ConsoleFile, accepted: string) {
  if (br !== null && accepts(accepted, 'br')) return { coding: 'br', body: br }
  if (gzip !== null && accepts(accepted, 'gzip')) return { coding: 'gzip', body: gzip }
  return { coding: null, body: plain }
}

/** RFC 9110 section 12.5.3, as far as browsers go: a coding that is named, and not with weight 0. */
function accepts(field: string, coding: string): boolean {
  return field.split(',').some((part) => {
    const [name = '', ...parameters] = part.split(';').map((word) => word.trim().toLowerCase())
    return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })
}
