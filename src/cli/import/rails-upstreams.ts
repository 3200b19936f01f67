import { formatDuration } from '../../lib/duration.ts'
import { remark, setting, type Line, type Section } from './annotated-yaml.ts'
import { isVariable, textOf } from './foreign-tree.ts'
import { leftover, mayBeSecret, tellRest } from './leftovers.ts'
import { providerAt } from './provider-hosts.ts'
import type { RailsHost } from './rails-hosts.ts'

export interface UpstreamTerms {
  /** By the name of an upstream: the models that are assigned to it. */
  readonly models: ReadonlyMap<string, readonly string[]>
  /** What `server_busy_threshold_ms` says, if anything. */
  readonly maxResponseMs: number | null
}

/** One item of `upstreams`. */
export function toUpstream(host: RailsHost, terms: UpstreamTerms): Section {
  const lines = host.kind === 'server' ? serverLines(host, terms) : externalLines(host, terms)
  const renamed =
    host.renamedFrom === null
      ? []
      : [remark(`Called ${JSON.stringify(host.renamedFrom)} there, which cannot be a name here or is taken.`)]
  return [setting('name', host.name), ...renamed, ...lines, ...enabledLines(host), ...tellRest(host.rest, host.place)]
}

function serverLines(host: RailsHost, { maxResponseMs }: UpstreamTerms): Line[] {
  const port = host.port ?? '11434'
  return [
    setting('url', urlOf(host, port)),
    ...priorityLines(host, '999'),
    ...(maxResponseMs === null ? [] : [setting('max_response_time', formatDuration(maxResponseMs))]),
    ...memoryLines(host),
    ...inlineKeyLines(host, (value) => setting('headers', { section: [setting('authorization', `Bearer ${value}`)] })),
  ]
}

function externalLines(host: RailsHost, { models }: UpstreamTerms): Line[] {
  const { type, path } = providerAt(host.host) ?? { type: 'openai-compatible', path: '/v1' }
  const served = models.get(host.name) ?? []
  return [
    setting('type', type),
    setting('url', `${urlOf(host, host.port)}${path}`),
    ...priorityLines(host, null),
    ...apiKeyLines(host, type !== 'openai-compatible'),
    remark(
      served.length === 0
        ? 'No model was assigned to it, so nothing was sent there.'
        : 'Only the models that were assigned to it, as before; a pattern such as "gpt-*" opens more.',
    ),
    setting('models', served),
    ...(isPrivateHost(host.host) ? [setting('allow_private', true)] : []),
  ]
}

function urlOf({ protocol, host }: RailsHost, port: string | null): string {
  const usual = { http: '80', https: '443' }[protocol]
  return `${protocol}://${host}${port === null || port === usual ? '' : `:${port}`}`
}

function priorityLines({ rest, place }: RailsHost, fallback: string | null): Line[] {
  const written = rest.take('priority')
  if (written === undefined) {
    if (fallback === null) return []
    return [remark('It had no priority, which put it last there too.'), setting('priority', Number(fallback))]
  }
  if (isVariable(written)) return [setting('priority', written)]
  const number = Number(written)
  if (Number.isInteger(number) && number >= 0 && number <= 1000) return [setting('priority', number)]
  return [leftover(`${place}.priority`, written, 'a priority is a whole number from 0 to 1000, lower is preferred')]
}

function memoryLines({ rest, place }: RailsHost): Line[] {
  const written = rest.take('max_memory_gb')
  if (written === undefined) return []
  const size = toGigabytes(written)
  return [size === undefined ? leftover(`${place}.max_memory_gb`, written, notGigabytes) : setting('memory', size)]
}

export const notGigabytes = 'it should be a number of GB, from 0.001 to 1000000'

/** As a size in our config. */
export function toGigabytes(written: unknown): string | undefined {
  const text = textOf(written)
  if (isVariable(text)) return `${text}GB`
  const isInRange = /^\d+(?:\.\d+)?$/.test(text) && Number(text) >= 0.001 && Number(text) <= 1e6
  return isInRange ? `${Number(text)}GB` : undefined
}

function apiKeyLines(host: RailsHost, isNeeded: boolean): Line[] {
  const named = host.rest.take('api_key_env')
  if (typeof named === 'string' && isVariableName(named)) return [setting('api_key', `\${${named}}`)]
  const inline = inlineKeyLines(host, (value) => setting('api_key', value))
  if (inline.length > 0) return inline
  const name = variableNameFor(host)
  if (named !== undefined) {
    const text = `api_key_env held something that is not the name of a variable, perhaps the key itself: set ${name} to the key.`
    return [remark(text), setting('api_key', `\${${name}}`)]
  }
  return isNeeded ? [remark(`The file named no key for it: set ${name}.`), setting('api_key', `\${${name}}`)] : []
}

/** Keys that stand in the file itself stay there: ours gets a variable. */
function inlineKeyLines(host: RailsHost, write: (value: string) => Line): Line[] {
  const written = ['api_key', 'apikey', 'api_token', 'auth_token', 'token']
    .map((name) => host.rest.take(name))
    .filter((value) => value !== undefined && value !== '')
  const [value] = written
  if (value === undefined) return []
  if (isVariable(value)) return [write(value)]
  const name = variableNameFor(host)
  return [remark(`Its key stood in the file itself and is not copied: set ${name} to it.`), write(`\${${name}}`)]
}

function isVariableName(text: string): boolean {
  return /^[A-Z_][A-Z0-9_]*$/i.test(text) && !mayBeSecret(text)
}

function variableNameFor({ name }: RailsHost): string {
  return `${name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}_API_KEY`.replace(/^(?=\d)/, '_')
}

function enabledLines({ enabled, isOff }: RailsHost): Line[] {
  if (isOff) return [setting('enabled', false)]
  if (enabled === undefined) return [remark('It was not said to be enabled; here that means that it is.')]
  return typeof enabled === 'string' && enabled.includes('${') ? [setting('enabled', enabled)] : []
}

/** Hosts that cannot be reached without `allow_private`, as far as a name can tell. */
function isPrivateHost(host: string): boolean {
  if (/^(?:127|10)\.|^192\.168\.|^172\.(?:1[6-9]|2\d|3[01])\.|^169\.254\.|^\[(?:::1|f[cde])/i.test(host)) return true
  return /(?:^localhost|\.(?:local|lan|internal|home|localhost))$/i.test(host) || /^[\w-]+$/.test(host)
}
