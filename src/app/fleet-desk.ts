import type { UpstreamDesk } from '../admin/upstream-desk.ts'
import { readAddedUpstream } from '../config/added-upstream.ts'
import type { Settings } from '../config/settings.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { RoutingCore } from '../routing/routing-core.ts'
import type { StartTimer } from '../routing/timer.ts'
import type { UpstreamMember } from '../routing/fleet/upstream-state.ts'
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
  let told: ReadonlyMap<string, string> = new Map()

  const renew = (): void => {
    const { upstreams: more, faults } = addedTo(config.upstreams, records)
    for (const [name, fault] of faults) {
      if (told.get(name) !== fault) log.warn({ upstream: name, fault }, 'an upstream that was added is left out')
    }
    told = faults
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
      if (core.fleet.get(name)?.wake != null) void core.waker.wake(name, 'an admin asks for it')
    },
  }
}

interface Added {
  readonly upstreams: readonly UpstreamSettings[]
  /** Why others of the store cannot stand beside the config, by their names. */
  readonly faults: ReadonlyMap<string, string>
}

function addedTo(configured: readonly UpstreamSettings[], records: readonly UpstreamRecord[]): Added {
  const taken = new Set(configured.map(({ name }) => name.toLowerCase()))
  const upstreams: UpstreamSettings[] = []
  const faults = new Map<string, string>()
  for (const { name, added } of records) {
    if (added === null) continue
    if (taken.has(name.toLowerCase())) faults.set(name, 'the config has one of the same name')
    else {
      try {
        upstreams.push(readAddedUpstream(name, added))
      } catch (error) {
        faults.set(name, error instanceof Error ? error.message : String(error))
      }
    }
  }
  return { upstreams, faults }
}

function termsOf(records: readonly UpstreamRecord[]): string {
  return JSON.stringify(records.flatMap(({ name, added }) => (added === null ? [] : [name, added])))
}
