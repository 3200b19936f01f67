import { z } from 'zod'
import { patternProblem } from '../lib/pattern.ts'
import { byteSize, choice, listOf, secret, secretFile, section, setting, textSetting, toggle } from '../lib/setting.ts'
import { Secret } from '../lib/secret.ts'
import { readSecret, type SettingsContext } from '../lib/settings-context.ts'
import { samplers, type SamplerName } from './sampler.ts'

export interface LogSettings {
  readonly level: LogLevel
  /** `auto` is pretty on a terminal and JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'pretty'
  /** Absolute path of the folder the request log is written to; null: none. */
  readonly requests: string | null
  readonly bodies: BodySettings
}

/** Whose requests and answers are written down, in the folder of the request log, and how much of them. */
export interface BodySettings {
  /** Globs over names and ids of keys; null: nobody's. */
  readonly keys: 'all' | readonly string[] | null
  /** Of a request, and again of its answer. */
  readonly maxBytes: number
  /** Names of JSON fields whose values are left out, beside those that every config leaves out. */
  readonly fields: readonly string[]
  /** Regular expressions; what fits one is left out. */
  readonly patterns: readonly string[]
}

/** How spans reach an OpenTelemetry collector. */
export interface TraceSettings {
  /** Where they are posted. */
  readonly url: string
  /** Fields that every post has. */
  readonly headers: readonly (readonly [name: string, value: Secret])[]
  readonly serviceName: string
  readonly sampler: SamplerName
  /** Share of the traces, 0 to 1, where the sampler goes by one. */
  readonly ratio: number
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export type LogLevel = (typeof levels)[number]

const requests = setting(
  z.union([z.string(), z.literal(false)]),
  (written) => {
    if (written === 'off') return false
    return written === '' ? undefined : written
  },
  {
    wanted: 'the path of a folder, or off',
    description: 'Folder for the request log, one file a day and one line per exchange; `off` for none.',
  },
)

const MAX_KEYS = 100

const bodies = setting(
  z.union([z.boolean(), z.string(), z.array(z.string())]),
  (written) => {
    if (written === false || written === 'off') return null
    if (written === true || written === 'on') return 'all'
    const names = (typeof written === 'string' ? written.split(',') : written).map((name) => name.trim())
    return names.length > 0 && names.length <= MAX_KEYS && names.every((name) => /^\S{1,128}$/.test(name))
      ? names
      : undefined
  },
  {
    wanted: 'on, off, or a list of keys such as [laptop, "ci-*"]',
    description:
      "Whose requests and answers are written down, in a file beside the request log: nobody's (`off`), everybody's (`on`), or those of the keys with these names or ids, in which `*` is any run of characters. [What is in it](operations.md#bodies)",
  },
)

const redactPattern = textSetting({ wanted: 'a regular expression', description: 'A regular expression.' })

export const logSlice = {
  log: section('What is written down. The log itself goes to stderr.', {
    level: choice(levels, `From which level on: ${levels.join(', ')}.`).prefault('info'),
    format: choice(
      ['auto', 'json', 'pretty'],
      '`json`, `pretty`, or `auto`: pretty on a terminal and JSON elsewhere.',
    ).prefault('auto'),
    requests: requests.prefault('logs/'),
    bodies: bodies.prefault('off'),
    body_bytes: byteSize({
      description: 'How much of each body is kept; what is beyond that is cut off.',
      minBytes: 1024,
      maxBytes: 2 ** 20,
    }).prefault('64KB'),
    redact_fields: listOf(textSetting({ wanted: 'the name of a field', description: 'The name of a field.' }), {
      wanted: 'a list of names, such as [email, phone]',
      description:
        'JSON fields whose values are left out of the bodies, beside passwords, API keys and their like, which always are.',
    }).prefault([]),
    redact_patterns: listOf(redactPattern, {
      wanted: 'a list of regular expressions',
      description:
        'What fits one of these regular expressions, in either case, is left out of the bodies: `["[0-9]{4}( ?[0-9]{4}){3}"]`.',
    }).prefault([]),
  }).prefault({}),
}

export function toLogSettings({ log }: z.output<z.ZodObject<typeof logSlice>>, context: SettingsContext): LogSettings {
  for (const [index, pattern] of log.redact_patterns.entries()) {
    const problem = patternProblem(pattern)
    if (problem !== undefined) context.problem(['log', 'redact_patterns', index], problem)
  }
  if (log.bodies !== null && log.requests === false)
    context.problem(['log', 'bodies'], 'needs the folder of the request log, and log.requests is off')
  return {
    level: log.level,
    format: log.format,
    requests: log.requests === false ? null : context.absolutePath(log.requests, ['log', 'requests']),
    bodies: { keys: log.bodies, maxBytes: log.body_bytes, fields: log.redact_fields, patterns: log.redact_patterns },
  }
}

const endpoint = setting(z.string(), parseEndpoint, {
  wanted: 'an http or https URL without credentials, such as http://127.0.0.1:4318',
  description: 'URL of an OpenTelemetry collector (OTLP over HTTP); `/v1/traces` is added. Without it nothing is sent.',
})

const exactUrl = setting(z.string(), parseExactUrl, {
  wanted: 'an http or https URL without credentials, such as http://127.0.0.1:4318/v1/traces',
  description: 'The same as a whole URL, to which nothing is added; goes before `endpoint`.',
})

const ratio = setting(
  z.union([z.number(), z.string()]),
  (written) => {
    const number = /^(?:0|1|0?\.\d+|1\.0+|0\.\d*)$/.test(String(written)) ? Number(written) : Number.NaN
    return number >= 0 && number <= 1 ? number : undefined
  },
  {
    wanted: 'a number from 0 to 1',
    description: 'Share of the traces that begin here which is recorded, where the sampler goes by one.',
  },
)

export const tracesSlice = {
  traces: section('Spans of each exchange, for a collector. The usual `OTEL_` variables work too.', {
    enabled: toggle('Whether spans are sent where `endpoint` or `url` says.').prefault('on'),
    endpoint: endpoint.optional(),
    url: exactUrl.optional(),
    headers: secret('Header fields for the collector, as `name=value` with commas between, values percent-encoded.'),
    headers_file: secretFile('headers'),
    service_name: textSetting({ wanted: 'text', description: 'What the gateway is called in traces.' }).prefault(
      'corral',
    ),
    sampler: choice(samplers, 'Which traces are recorded, in the words of OpenTelemetry.').prefault(
      'parentbased_always_on',
    ),
    sampler_arg: ratio.prefault(1),
  }).prefault({}),
}

/** Null: nothing is sent. */
export function toTraceSettings(
  { traces }: z.output<z.ZodObject<typeof tracesSlice>>,
  context: SettingsContext,
): TraceSettings | null {
  const at = ['traces', 'headers']
  const written = readSecret({ value: traces.headers, file: traces.headers_file }, at, context)
  const headers = written === null ? [] : parseHeaders(written.reveal())
  if (headers === undefined) {
    context.problem(at, 'should be name=value, with commas between where there are several')
  }
  const url = traces.url ?? traces.endpoint
  if (!traces.enabled || url === undefined) return null
  return {
    url,
    headers: headers ?? [],
    serviceName: traces.service_name,
    sampler: traces.sampler,
    ratio: traces.sampler_arg,
  }
}

function parseEndpoint(text: string): string | undefined {
  const url = parseWebUrl(text)
  if (url === undefined || url.search !== '') return undefined
  const path = url.pathname.replace(/\/+$/, '')
  return `${url.origin}${path.endsWith('/v1/traces') ? path : `${path}/v1/traces`}`
}

function parseExactUrl(text: string): string | undefined {
  return parseWebUrl(text)?.href
}

function parseWebUrl(text: string): URL | undefined {
  if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.username === '' && url.password === '' && url.hash === '' ? url : undefined
}

/** Undefined: it is no list of fields. */
function parseHeaders(text: string): (readonly [string, Secret])[] | undefined {
  const headers = text.split(',').map((item) => {
    const [, name = '', value = ''] = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(\S*)\s*$/.exec(item) ?? []
    return [name, decoded(value)] as const
  })
  const isFit = headers.every(([name, value]) => name !== '' && value !== undefined && /^[\x20-\x7e]*$/.test(value))
  return isFit ? headers.map(([name, value]) => [name, new Secret(value ?? '')] as const) : undefined
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
