import type { FleetModels } from '../admin/model-schemas.ts'
import type { Settings } from '../config/settings.ts'
import { parseAnyModelName } from '../lib/model-name.ts'
import type { Fleet } from '../routing/fleet/fleet-state.ts'
import type { ModelEntry } from '../routing/models/model-entry.ts'
import { stateWord, type UpstreamState } from '../routing/fleet/upstream-state.ts'

/** Which models are where, and where they should be. */
export function fleetModels(
  fleet: Pick<Fleet, 'all'>,
  settings: Pick<Settings, 'models'>,
): Pick<FleetModels, 'upstreams'> {
  return {
    upstreams: fleet.all().map((state) => ({
      name: state.name,
      pool: state.agent?.pool ?? null,
      provider: state.provider !== null,
      state: stateWord(state),
      fault: state.fault,
      models: state.models === null ? null : [...state.models.values()].map((entry) => modelView(entry, state)),
      desired: desiredOf(state, settings.models.desired),
      assigned: assignedTo(state, settings.models.assignments),
    })),
  }
}

function modelView({ canonical, digest, raw }: ModelEntry, { loaded }: UpstreamState) {
  const size = raw['size']
  const details = typeof raw['details'] === 'object' && raw['details'] !== null ? { ...raw['details'] } : {}
  return {
    name: canonical,
    size: typeof size === 'number' ? size : null,
    digest,
    loaded: loaded.some((entry) => entry.canonical === canonical),
    parameters: textOf(details, 'parameter_size'),
    quantization: textOf(details, 'quantization_level'),
    modified_at: textOf(raw, 'modified_at'),
  }
}

function textOf(raw: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = raw[name]
  return typeof value === 'string' && value !== '' ? value : null
}

/** What its own line wants and what its pool's line wants, each model once. */
function desiredOf({ name, agent }: UpstreamState, desired: Settings['models']['desired']): string[] | null {
  const lines = [desired[name], agent === null ? undefined : desired[agent.pool]].filter((line) => line !== undefined)
  if (lines.length === 0) return null
  return wholeNames(lines.flat())
}

function assignedTo({ name, agent }: UpstreamState, assignments: Settings['models']['assignments']): string[] {
  const isThere = (place: string): boolean => place === name || place === agent?.pool
  return wholeNames(Object.entries(assignments).flatMap(([model, places]) => (places.some(isThere) ? model : [])))
}

function wholeNames(models: readonly string[]): string[] {
  const names = models.map((model) => {
    const parsed = parseAnyModelName(model)
    return parsed.kind === 'invalid' ? model : parsed.canonical
  })
  return [...new Set(names)]
}
