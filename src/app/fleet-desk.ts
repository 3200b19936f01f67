import type { UpstreamDesk } from '../admin/upstream-desk.ts'
import { readAddedUpstream } from '../config/added-upstream.ts'
import type { Settings } from '../config/settings.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { RoutingCore } from '../routing/routing-core.ts'
import type { StartTimer } from '../routing/timer.ts'
import type { UpstreamMember } from '../routing/upstream-state.ts'
import type { UpstreamSettings } from '../upstreams/settings.ts'
import type { Hold, UpstreamRecord, UpstreamTables } from '../upstreams/upstream-tables.ts'
import { createProbeUpstream } from './probe-upstream.ts'

/** What admins have made of the fleet beside the config: upstreams that were added, drained or disabled. */
export interface FleetDesk extends UpstreamDesk {
  /** The config with the upstreams that were added; one of the config goes before one of the same name. */
  readonly settings: Settings
  configure(config: Settings): void
  /** Reads the store again. */
  refresh(): Promise<FleetChange>
  /** The member as it may be used. */
  held(member: UpstreamMember): UpstreamMember
  factsOf(name: string): UpstreamFacts
}

/** `members`: what is held is another now; `upstreams`: so are those that there are. */
export type FleetChange = 'none' | 'members' | 'upstreams'

export interface UpstreamFacts {
  /** Empty for an agent. */
  readonly url: string
  readonly isAdded: boolean
  readonly held: Hold | null
}

export interface FleetDeskDeps {
  readonly store: Pick<UpstreamTables, 'listUpstreams'>
  readonly core: Pick<RoutingCore, 'waker' | 'fleet'>
  readonly instanceId: string
  readonly clock: Clock
  readonly startTimer: StartTimer
  readonly log: Log
}

export async function openFleetDesk(first: Settings, deps: FleetDeskDeps): Promise<FleetDesk> {
  const { core, log } = deps
  const probe = createProbeUpstream(deps)
  let config = first
  let records: readonly UpstreamRecord[] = []
  let settings = config
  let urls: ReadonlyMap<string, string> = new Map()
  let added: ReadonlySet<string> = new Set()
  let holds: ReadonlyMap<string, Hold | null> = new Map()

  const renew = (): void => {
    const more = addedTo(config.upstreams, records, log)
    settings = { ...config, upstreams: [...config.upstreams, ...more] }
    urls = new Map(settings.upstreams.map(({ name, url }) => [name, url]))
    added = new Set(more.map(({ name }) => name))
    holds = new Map(records.map(({ name, hold }) => [name, hold]))
  }
  const read = async (): Promise<void> => {
    records = await deps.store.listUpstreams()
    renew()
  }
  await read()

  return {
    get settings() {
      return settings
    },
    configure(next) {
      config = next
      renew()
    },
    async refresh() {
      const [before, wereHeld] = [termsOf(records), JSON.stringify([...holds])]
      await read()
      if (termsOf(records) !== before) return 'upstreams'
      return JSON.stringify([...holds]) === wereHeld ? 'none' : 'members'
    },
    held(member) {
      const hold = holds.get(member.upstream.id) ?? null
      if (hold === null) return member
      return hold === 'disabled' ? { ...member, enabled: false } : { ...member, draining: true }
    },
    factsOf: (name) => ({ url: urls.get(name) ?? '', isAdded: added.has(name), held: holds.get(name) ?? null }),
    check: (name, terms) => void readAddedUpstream(name, terms),
    probe: (name, terms) => probe(readAddedUpstream(name, terms), config.routing),
    configured: (name) => config.upstreams.find((upstream) => upstream.name === name),
    wake(name) {
      if (core.fleet.get(name)?.wake == null) return false
      void core.waker.wake(name, 'an admin asks for it')
      return true
    },
  }
}

/** Those of the store that can stand beside the config. */
function addedTo(
  configured: readonly UpstreamSettings[],
  records: readonly UpstreamRecord[],
  log: Log,
): UpstreamSettings[] {
  const taken = new Set(configured.map(({ name }) => name.toLowerCase()))
  return records.flatMap(({ name, added }) => {
    if (added === null) return []
    if (taken.has(name.toLowerCase())) {
      log.warn({ upstream: name }, 'an upstream that was added is left out: the config has one of the same name')
      return []
    }
    try {
      return [readAddedUpstream(name, added)]
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error)
      log.warn({ upstream: name, fault }, 'an upstream that was added is left out')
      return []
    }
  })
}

function termsOf(records: readonly UpstreamRecord[]): string {
  return JSON.stringify(records.flatMap(({ name, added }) => (added === null ? [] : [name, added])))
}
