import { gigabytes } from './gigabytes.ts'
import { isAmong, isAssigned, judgeFleet, type SelectRequest, type Snapshot, type Verdict } from './verdict.ts'

/** Where the model is assigned, as far as the key may know it, and what is the matter there; undefined: nowhere. */
export function assignedWords(request: SelectRequest, snapshot: Snapshot): string | undefined {
  const { model, principal } = request
  const assigned = model === null ? undefined : snapshot.assignments.get(model)
  const { upstreams } = principal
  const isTold = (name: string): boolean =>
    upstreams === null ||
    upstreams.includes(name) ||
    snapshot.upstreams.some((state) => isAmong(state, [name]) && isAmong(state, upstreams))
  const faults = faultsOf(assigned?.filter(isTold) ?? [], request, snapshot)
  return faults && `Model "${model}" is assigned to ${faults}`
}

/** What is the matter with each upstream that the request names; undefined where that is not it. */
export function namedWords(request: SelectRequest, snapshot: Snapshot): string | undefined {
  const { named = null } = request
  const faults = named === null || named.includes('*') ? undefined : faultsOf(named, request, snapshot)
  return faults && `corral-upstream names ${faults}`
}

/** What the model takes, and the most that it may have. */
export function tooBigWords(request: SelectRequest, snapshot: Snapshot): string {
  const { model } = request
  const verdicts = judgeFleet(request, snapshot)
  const [largest] = snapshot.upstreams
    .filter((_state, index) => verdicts[index] === 'too-big')
    .toSorted((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0))
  const words = `Model "${model}" needs more memory than any upstream that may serve it has`
  if (largest === undefined || model === null) return words
  const bytes = snapshot.bytesOf?.(largest, model) ?? 0
  const memory = gigabytes(largest.memoryBytes ?? 0)
  return `${words}: it takes ${gigabytes(bytes)}, and the largest, ${largest.name}, has ${memory}`
}

/** Undefined where there is one of them that has none. */
function faultsOf(names: readonly string[], request: SelectRequest, snapshot: Snapshot): string | undefined {
  const verdicts = judgeFleet(request, snapshot)
  const faults = names.map((name) => {
    const found = verdicts.filter((_verdict, index) => {
      const state = snapshot.upstreams[index]
      return state !== undefined && isAmong(state, [name])
    })
    const fault = found[0] === undefined ? 'which is not there' : faultOf(found[0], request, snapshot)
    return fault && `${name}, ${fault}`
  })
  return names.length === 0 || faults.includes(undefined) ? undefined : faults.join(', and ')
}

function faultOf(verdict: Verdict, request: SelectRequest, snapshot: Snapshot): string | undefined {
  switch (verdict) {
    case 'disabled':
      return 'which is disabled'
    case 'not-assigned':
      return `to which model "${request.model}" is not assigned`
    case 'closed-to-pool':
      return `which may not serve model "${request.model}"`
    case 'draining':
      return 'which is draining: it gets nothing new'
    case 'down':
      return 'which is down'
    case 'broken':
      return 'whose last requests failed'
    case 'not-named':
      return isAssigned(request, snapshot) ? 'which corral-upstream does not name' : undefined
    default:
      return undefined
  }
}
