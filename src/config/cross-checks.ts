import { isOwnAddress, publicListenAddress } from '../http/settings.ts'
import type { SettingPath, SettingsContext } from '../lib/settings-context.ts'
import type { Settings } from './settings.ts'

/** What settings of different domains must agree on. */
export function checkAgreement(settings: Settings, context: SettingsContext): void {
  checkOpenMode(settings, context)
  checkUpstreamNames(settings, context)
  checkPoolNames(settings, context)
  checkReservedNames(settings, context)
  checkOwnAddress(settings, context)
}

function checkOpenMode({ http, auth }: Settings, context: SettingsContext): void {
  if (auth.mode !== 'none' || auth.nonePublic) return
  const open = publicListenAddress(http)
  if (open === undefined) return
  const where = open.host.includes(':') ? `[${open.host}]:${open.port}` : `${open.host}:${open.port}`
  context.problem(
    ['auth', 'mode'],
    `is none, and the gateway listens on ${where}, where anyone could use it: set auth.none_public if that is meant`,
  )
}

/** A pool stands for all its agents, whose names nobody knows beforehand. */
function checkUpstreamNames({ models, upstreams, agents }: Settings, context: SettingsContext): void {
  const known = new Set([...upstreams, ...agents.pools].map(({ name }) => name))
  const providers = new Set(upstreams.filter(({ provider }) => provider !== null).map(({ name }) => name))
  const others = known.size === 0 ? 'there are none' : `there are ${[...known].slice(0, 10).join(', ')}`

  function check(at: SettingPath, name: string): void {
    if (!known.has(name)) {
      context.problem(at, `is ${JSON.stringify(name)}, which is not an upstream or pool: ${others}`)
    } else if (at[1] !== 'assignments' && providers.has(name)) {
      context.problem(at, `is ${JSON.stringify(name)}, a provider, whose models nobody here can pull or load`)
    }
  }

  for (const [model, names] of Object.entries(models.assignments)) {
    for (const [index, name] of names.entries()) check(['models', 'assignments', model, index], name)
  }
  for (const [index, { upstreams: names }] of models.keepWarm.entries()) {
    for (const [place, name] of (names ?? []).entries()) {
      check(['models', 'keep_warm', index, 'upstreams', place], name)
    }
  }
  for (const name of Object.keys(models.desired)) check(['models', 'desired', name], name)
}

/** Where upstreams are named, a pool is named the same way. */
function checkPoolNames({ upstreams, agents }: Settings, context: SettingsContext): void {
  const pools = new Set(agents.pools.map(({ name }) => name.toLowerCase()))
  for (const [index, { name }] of upstreams.entries()) {
    if (pools.has(name.toLowerCase()))
      context.problem(['upstreams', index, 'name'], `is "${name}", as a pool is called`)
  }
}

/** Names that differ in case only would be told apart by nobody. */
function checkReservedNames({ upstreams, agents }: Settings, context: SettingsContext): void {
  function check(at: SettingPath, name: string): void {
    if (name.toLowerCase() === 'all')
      context.problem(at, `is "${name}", which means every upstream after --on: choose another name`)
  }

  for (const [index, { name }] of upstreams.entries()) check(['upstreams', index, 'name'], name)
  for (const [index, { name }] of agents.pools.entries()) check(['agents', 'pools', index, 'name'], name)
}

function checkOwnAddress({ http, upstreams }: Settings, context: SettingsContext): void {
  for (const [index, { url, enabled }] of upstreams.entries()) {
    if (enabled && isOwnAddress(http.listen, new URL(url))) {
      context.problem(
        ['upstreams', index, 'url'],
        'is the address of the gateway itself: it should be an Ollama behind it',
      )
    }
  }
}
