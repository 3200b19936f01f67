import { CommandFailure } from '../command-failure.ts'
import { createTaker, isTree, isVariable, textOf, truthOf, type Taker, type Tree } from './foreign-tree.ts'
import { providerAt } from './provider-hosts.ts'

/** A server or an external host of their file, with the name it gets here. */
export interface RailsHost {
  readonly kind: 'server' | 'external'
  /** Where it stands in their file. */
  readonly place: string
  /** What assignments may call it, the likeliest first. */
  readonly ids: readonly string[]
  readonly name: string
  /** What it was called there, where that cannot be its name here. */
  readonly renamedFrom: string | null
  readonly host: string
  /** Null: none is written. */
  readonly port: string | null
  readonly protocol: string
  /** False only where the file says so; a variable may say so later. */
  readonly isOff: boolean
  /** What has not been looked at yet. */
  readonly rest: Taker
  readonly enabled: unknown
}

interface Found {
  readonly kind: RailsHost['kind']
  readonly place: string
  readonly key: string | undefined
  readonly tree: Tree
}

/** External hosts first: that is where their proxy looks for an assigned name first. */
export function readHosts(servers: unknown, externalHosts: unknown): readonly RailsHost[] {
  const found = [...list(externalHosts, 'external'), ...list(servers, 'server')]
  const taken = new Set<string>()
  const hosts = found.map((each) => readHost(each, taken))
  return [...hosts.filter(({ kind }) => kind === 'server'), ...hosts.filter(({ kind }) => kind === 'external')]
}

/** The host that an assignment means. */
export function findHost(hosts: readonly RailsHost[], id: string): RailsHost | undefined {
  const byKind = [...hosts].sort((a, b) => a.kind.localeCompare(b.kind))
  return byKind.find(({ ids }) => ids[0] === id) ?? byKind.find(({ ids }) => ids.includes(id))
}

/** They are a section with a name for each, or a list. */
function list(written: unknown, kind: RailsHost['kind']): Found[] {
  const section = kind === 'server' ? 'servers' : 'external_hosts'
  if (written === undefined) return []
  if (!isTree(written) && !Array.isArray(written)) throw new CommandFailure(`${section} should be a section or a list`)
  return Object.entries(written).map(([key, tree]: [string, unknown]) => {
    const place = Array.isArray(written) ? `${section}[${key}]` : `${section}.${key}`
    if (!isTree(tree)) throw new CommandFailure(`${place} should be a section with a host`)
    return { kind, place, key: Array.isArray(written) ? undefined : key, tree }
  })
}

function readHost({ kind, place, key, tree }: Found, taken: Set<string>): RailsHost {
  const rest = createTaker(tree)
  const host = readAddress(rest.take('host'), place)
  const port = readPort(rest.take('port'), place)
  const protocol = readProtocol(rest.take('protocol'), place)
  const written = rest.take('name')
  const enabled = rest.take('enabled')
  const own = typeof written === 'string' && written !== '' ? written : key
  const known = kind === 'external' ? providerAt(host)?.name : undefined
  const called = own ?? known ?? [host.replace(/[[\]]/g, ''), port].filter((part) => part !== null).join('-')
  const name = uniqueName(called, taken)
  const ids = [key, own, name].filter((id) => id !== undefined)
  const renamedFrom = name === own || own === undefined ? null : own
  const isOff = truthOf(enabled) === false
  return { kind, place, ids, name, renamedFrom, host, port, protocol, isOff, rest, enabled }
}

/** A name that our config takes, and that differs from every other in more than case. */
function uniqueName(called: string, taken: Set<string>): string {
  const allowed = called.replace(/[^\w.-]+/g, '-').replace(/^[^a-z0-9]+|-+$/gi, '')
  const base = (allowed === '' ? 'server' : allowed).slice(0, 60)
  let name = base
  for (let count = 2; taken.has(name.toLowerCase()); count++) name = `${base}-${count}`
  taken.add(name.toLowerCase())
  return name
}

/** The value is not quoted: it may hold credentials. */
function readAddress(value: unknown, place: string): string {
  const text = typeof value === 'string' ? value : ''
  if (/^(?:[\w.-]|\$\{\w+\})+$/.test(text)) return text
  if (/^\[[0-9a-f:.]+\]$/i.test(text)) return text
  if (/^[0-9a-f:.]+$/i.test(text)) return `[${text}]`
  throw new CommandFailure(`${place}.host should be the name or the address of a host, without scheme or path`)
}

function readPort(value: unknown, place: string): string | null {
  if (value === undefined) return null
  const text = textOf(value)
  if (isVariable(text) || (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535)) return text
  throw new CommandFailure(`${place}.port should be a port from 1 to 65535`)
}

function readProtocol(value: unknown, place: string): string {
  const text = typeof value === 'string' ? value.replace(/:?\/*$/, '') : 'http'
  if (/^(?:https?|\$\{\w+\})$/.test(text) && (value === undefined || typeof value === 'string')) return text
  throw new CommandFailure(`${place}.protocol should be http or https`)
}
