import { isAssigned, judgeReach, type SelectRequest, type Snapshot } from './verdict.ts'

/**
 * The digest of the model that a request runs, where everybody who may be sent it says the same one, up or down: an
 * answer of one is then as good as another's. Null where they differ, where one is a provider or a stub of the cloud,
 * whose names say nothing about what runs behind them, and where one is assigned that does not list the model.
 */
export function agreedDigest(request: SelectRequest, snapshot: Snapshot): string | null {
  const { model } = request
  if (model === null) return null
  let agreed: string | null = null
  for (const state of snapshot.upstreams) {
    if (judgeReach(state, request, snapshot) !== undefined) continue
    const entry = state.models?.get(model)
    if (entry === undefined && !isAssigned(request, snapshot)) continue
    const digest = entry === undefined || entry.remote || state.provider !== null ? null : entry.digest
    if (digest === null || (agreed !== null && digest !== agreed)) return null
    agreed = digest
  }
  return agreed
}

/** Of all models that somebody has. */
export function digestsOf({ upstreams }: Snapshot): ReadonlySet<string> {
  const entries = upstreams.flatMap((state) => [...(state.models?.values() ?? [])])
  return new Set(entries.flatMap(({ digest }) => digest ?? []))
}
