import { formatDuration } from '../../lib/duration.ts'
import { remark, setting, unmapped, type Line, type Section } from './annotated-yaml.ts'
import { createTaker, isTree, isVariable, textOf, truthOf, type Taker, type Tree } from './foreign-tree.ts'
import { leftover, tellRest } from './leftovers.ts'
import { readHosts, type RailsHost } from './rails-hosts.ts'
import { readModelConfig, type RailsModels } from './rails-models.ts'
import { toUpstream } from './rails-upstreams.ts'

const DAY_MS = 86_400_000

const reasons = {
  routing_strategy: 'Corral chooses by priority, health and what is running; there is no strategy to set',
  request_timeout:
    'Corral bounds how long an answer may stand still, not how long it may be: routing.first_byte_timeout and idle_timeout',
}

const loggingReasons = {
  enabled: 'log.level: silent would switch the log off',
  directory: 'the log goes to stderr; log.requests is the folder of the request log',
  max_size: 'the request log begins a new file every day',
  max_files: 'the request log begins a new file every day and keeps the old ones',
}

/** `config/ollama_proxy.yml` of the Rails Ollama proxy, one environment of it, as a config of ours. */
export function railsConfig(settings: Tree): Section {
  const taker = createTaker(settings)
  const hosts = readHosts(taker.take('servers'), taker.take('external_hosts'))
  const models = readModelConfig(taker.take('model_config'), hosts)
  return [
    remark(
      'Users and their tokens are in the database there and do not come along: "corral user create NAME" makes a user and prints a key.',
    ),
    ...listenLines(taker.take('proxy_port'), hosts),
    ...upstreamLines(hosts, models, taker),
    ...sectionOf('models', models.lines),
    ...sectionOf('routing', routingLines(models.cacheTtlSeconds ?? taker.take('cache_ttl_seconds'), taker)),
    ...sectionOf('log', logLines(taker.take('logging'))),
    ...tellRest(taker, '', reasons),
  ]
}

function listenLines(port: unknown, hosts: readonly RailsHost[]): Line[] {
  if (port === undefined) return []
  const text = textOf(port)
  if (!isVariable(text) && !(/^\d+$/.test(text) && Number(text) <= 65_535)) {
    return [leftover('proxy_port', port, 'it should be a port; Corral listens on 127.0.0.1:11435')]
  }
  const own = hosts.find((host) => host.port === text && /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(host.host))
  if (own !== undefined) {
    const reason = `${own.name} has that port on this machine; Corral listens on 127.0.0.1:11435`
    return [leftover('proxy_port', port, reason)]
  }
  return [
    remark(
      `Every address of this machine, as the Rails proxy did; every request needs a key. 127.0.0.1:${text} keeps it to this machine.`,
    ),
    setting('listen', `0.0.0.0:${text}`),
  ]
}

function upstreamLines(hosts: readonly RailsHost[], models: RailsModels, taker: Taker): Line[] {
  const busy = taker.take('server_busy_threshold_ms')
  const maxResponseMs = readMilliseconds(busy, { unit: 1, min: 1 })
  const told = busy === undefined || maxResponseMs !== null ? [] : [leftover('server_busy_threshold_ms', busy)]
  if (hosts.length === 0) {
    return [
      ...told,
      unmapped('there are no servers in it; Corral looks for an Ollama at OLLAMA_HOST or 127.0.0.1:11434'),
    ]
  }
  const terms = { models: models.byUpstream, maxResponseMs }
  return [...told, setting('upstreams', { items: hosts.map((host) => toUpstream(host, terms)) })]
}

function routingLines(ttl: unknown, taker: Taker): Line[] {
  const interval = taker.take('health_check_interval')
  return [
    ...durationLine('model_ttl', 'cache_ttl_seconds', ttl),
    ...durationLine('health_interval', 'health_check_interval', interval),
  ]
}

/** Of theirs in seconds, ours as a duration of at most a day. */
function durationLine(name: string, theirs: string, written: unknown): Line[] {
  if (written === undefined) return []
  if (isVariable(written)) return [setting(name, `${written}s`)]
  const ms = readMilliseconds(written, { unit: 1000, min: 100 })
  if (ms === null) return [leftover(theirs, written, `routing.${name} is a duration from 100ms up to 1d`)]
  return [setting(name, formatDuration(ms))]
}

function readMilliseconds(written: unknown, { unit, min }: { unit: number; min: number }): number | null {
  const ms = /^\d+(?:\.\d+)?$/.test(textOf(written)) ? Math.round(Number(written) * unit) : Number.NaN
  return ms >= min && ms <= DAY_MS ? ms : null
}

const levels: Readonly<Record<string, string>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  fatal: 'fatal',
  unknown: 'fatal',
}

function logLines(written: unknown): Line[] {
  if (written === undefined) return []
  if (!isTree(written)) return [leftover('logging', written)]
  const { enabled, ...others } = written
  // That it is on needs no word here.
  const taker = createTaker(truthOf(enabled) === true ? others : written)
  const level = taker.take('level')
  return [...levelLines(level), ...tellRest(taker, 'logging', loggingReasons)]
}

function levelLines(level: unknown): Line[] {
  if (level === undefined) return []
  if (isVariable(level)) return [setting('level', level)]
  const name = textOf(level).toLowerCase()
  const ours = Object.hasOwn(levels, name) ? levels[name] : undefined
  return ours === undefined ? [leftover('logging.level', level, 'there is no such level')] : [setting('level', ours)]
}

/** A section that holds remarks only is none: they stand by themselves. */
function sectionOf(name: string, lines: readonly Line[]): Line[] {
  return lines.length === 0 ? [] : [setting(name, { section: lines })]
}
