import type { Capacity } from './capacity.ts'
import type { Runner } from './runner.ts'
import type { LoadedModel, ServerFacts } from './server-facts.ts'
import type { Work } from './work.ts'

/** One upstream, as far as its slots and its memory go. */
export class Server {
  readonly name: string
  readonly runners = new Map<string, Runner>()
  readonly capacity: () => Capacity
  facts: ServerFacts
  running = 0
  /** It has left the fleet; what ran there is still to be released. */
  isGone = false

  constructor(facts: ServerFacts, capacity: () => Capacity) {
    this.name = facts.name
    this.facts = facts
    this.capacity = capacity
  }

  get isProvider(): boolean {
    return this.facts.slots === Number.POSITIVE_INFINITY
  }

  get isFull(): boolean {
    return this.running >= this.facts.admits
  }

  slotsOf(runner: Runner, work: Pick<Work, 'brief'>): number {
    const { slots } = this.facts
    if (slots !== null) return slots
    const learnt = runner.slotLimit.limit(runner.grants.length)
    return work.brief ? Math.max(learnt, BRIEF_SLOTS) : learnt
  }

  hasFreeSlot(runner: Runner, work: Pick<Work, 'brief'>): boolean {
    return runner.grants.length < this.slotsOf(runner, work)
  }

  /** The one load that is under way: Ollama starts no other. */
  get loading(): Runner | undefined {
    for (const runner of this.runners.values()) if (runner.state === 'loading') return runner
    return undefined
  }

  /** What must go before `wanted` fits, least recently used first; `isBusy` where some of it still runs. */
  evictionsFor(wanted: Runner): { readonly victims: readonly Runner[]; readonly isBlocked: boolean } {
    const memory = this.facts.memoryBytes ?? this.capacity().bytes
    const held = [...this.runners.values()].filter((runner) => runner !== wanted && runner.state !== 'absent')
    let bytes = held.reduce((sum, runner) => sum + runner.bytes, wanted.bytes)
    let count = held.length + 1
    const fits = (): boolean => count === 1 || (bytes <= memory && count <= this.capacity().models)
    const victims: Runner[] = []
    if (fits()) return { victims, isBlocked: false }
    const idleFirst = held.toSorted((a, b) => Number(a.isBusy) - Number(b.isBusy) || a.lastUsedAt - b.lastUsedAt)
    for (const runner of idleFirst) {
      if (fits()) break
      victims.push(runner)
      bytes -= runner.bytes
      count -= 1
    }
    return { victims, isBlocked: victims.some((victim) => victim.isBusy || victim.state === 'loading') }
  }

  /** What its own list says; younger than that is what was sent there since. */
  saw(loaded: readonly LoadedModel[], now: number): void {
    for (const { model, bytes } of loaded) {
      const runner = this.runners.get(model)
      if (runner === undefined) continue
      if (bytes > 0) runner.bytes = bytes
      if (runner.state === 'absent') runner.lastUsedAt = now
      if (runner.state === 'absent' || !runner.isBusy) runner.state = 'loaded'
    }
    const seen = new Set(loaded.map(({ model }) => model))
    for (const runner of this.runners.values()) {
      if (runner.isBusy || seen.has(runner.model) || runner.state === 'absent') continue
      if (now - runner.lastUsedAt > STALE_MS) runner.state = 'absent'
    }
  }
}

const BRIEF_SLOTS = 4
const STALE_MS = 5_000
