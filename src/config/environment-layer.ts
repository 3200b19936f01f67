import type { SettingPath } from '../lib/settings-context.ts'
import { factsAt, scalarSettings } from './schema.ts'
import type { Environment } from './dot-env.ts'
import { findOllama } from './ollama-host.ts'
import { writeSetting, type Origin, type WrittenSettings } from './written-settings.ts'

interface ForeignName {
  readonly path: readonly string[]
  readonly meaning: string
  /** As the setting would be written in the file. */
  readonly toWritten?: (value: string) => string
}

/** Variables of other tools, which work here as they did there, and one short name of our own. */
export const foreignNames: Readonly<Record<string, ForeignName>> = {
  AUTH_TOKEN: { path: ['auth', 'token'], meaning: 'one shared key' },
  AUTH_TOKEN_FILE: { path: ['auth', 'token_file'], meaning: 'a file that holds it' },
  AUTH_TOKEN_SCOPES: { path: ['auth', 'token_scopes'], meaning: 'what it may do, with commas between' },
  API_KEY_FILE: { path: ['auth', 'key_file'], meaning: 'a file with one key per line' },
  API_KEY_SALT: { path: ['auth', 'key_salt'], meaning: 'its salt' },
  KEY_REFRESH: {
    path: ['auth', 'key_refresh'],
    meaning: 'how often it is looked at, in seconds',
    toWritten: inSeconds,
  },
  CACHE_TTL: {
    path: ['cache', 'ttl'],
    meaning: 'how long an answer is given again, in seconds, where `cache.mode` is not off',
    toWritten: inSeconds,
  },
  CORRAL_PEPPER: { path: ['store', 'pepper'], meaning: 'the secret that stored keys are hashed with' },
  EXTERNAL_PORT: {
    path: ['listen'],
    meaning: 'the port to listen on, on every address',
    toWritten: (value) => (/^\d+$/.test(value) ? `0.0.0.0:${value}` : value),
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: { path: ['traces', 'endpoint'], meaning: 'the collector that spans are sent to' },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    path: ['traces', 'url'],
    meaning: 'the same as a whole URL, to which nothing is added; goes before the other',
  },
  OTEL_EXPORTER_OTLP_HEADERS: { path: ['traces', 'headers'], meaning: 'header fields for it' },
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: {
    path: ['traces', 'headers'],
    meaning: 'the same; goes before the other, which it does not add to',
  },
  OTEL_SERVICE_NAME: { path: ['traces', 'service_name'], meaning: 'what the gateway is called there' },
  OTEL_TRACES_SAMPLER: { path: ['traces', 'sampler'], meaning: 'which traces are recorded' },
  OTEL_TRACES_SAMPLER_ARG: { path: ['traces', 'sampler_arg'], meaning: 'its share, from 0 to 1' },
  OTEL_SDK_DISABLED: {
    path: ['traces', 'enabled'],
    meaning: '`true` sends nothing',
    toWritten: (value) => (value.toLowerCase() === 'true' ? 'off' : 'on'),
  },
}

/** `auth.key_file` is CORRAL_AUTH_KEY_FILE. */
export function environmentName(path: SettingPath): string {
  return `CORRAL_${path.join('_').toUpperCase()}`
}

/** Writes what the environment says over what the file said; a name of our own over one of another tool. */
export function writeEnvironment(written: WrittenSettings, environment: Environment, cwd: string): void {
  const { variables } = environment
  const write = (variable: string, { path, toWritten }: Pick<ForeignName, 'path' | 'toWritten'>) => {
    const value = Object.hasOwn(variables, variable) ? variables[variable] : undefined
    if (value === undefined) return
    const origin = { source: 'env', detail: environment.nameOf(variable), folder: cwd } as const
    const text = toWritten === undefined ? value : toWritten(value)
    writeSetting(written, path, { value: factsAt(path)?.list === true ? splitList(text) : text, origin })
  }
  for (const [variable, name] of Object.entries(foreignNames)) write(variable, name)
  for (const { path } of scalarSettings()) write(environmentName(path), { path })
}

interface FindTerms {
  readonly cwd: string
  isOwn(url: string): boolean
}

/**
 * An upstream for a config that does not speak of any. Whoever points OLLAMA_HOST at the gateway for a client may
 * start the gateway in that same shell: there it means nothing.
 */
export function writeFoundOllama(written: WrittenSettings, environment: Environment, { cwd, isOwn }: FindTerms): void {
  if (Object.hasOwn(written.tree, 'upstreams')) return
  const found = findOllama(environment.variables)
  const { url, variable } = isOwn(found.url) ? findOllama({}) : found
  const origin: Origin =
    variable === null
      ? { source: 'default', detail: 'default', folder: cwd }
      : { source: 'env', detail: environment.nameOf(variable), folder: cwd }
  writeSetting(written, ['upstreams'], { value: [{ name: 'ollama', url }], origin })
}

/** A number alone is seconds. */
function inSeconds(value: string): string {
  return /^\d+(?:\.\d+)?$/.test(value) ? `${value}s` : value
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
