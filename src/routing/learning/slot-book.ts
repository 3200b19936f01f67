import { SlotLearner } from './slot-learner.ts'

/** The slots of every model on every upstream. */
export class SlotBook {
  readonly #servers = new Map<string, { version: string | null; readonly learners: Map<string, SlotLearner> }>()

  create(server: string, model: string): SlotLearner {
    const learner = new SlotLearner()
    this.#of(server).learners.set(model, learner)
    return learner
  }

  /** It is being loaded for a request. */
  loads(server: string, model: string): void {
    this.#servers.get(server)?.learners.get(model)?.tryAgain()
  }

  /** What is not loaded will be loaded anew, and another version was started after the one before it. */
  saw(server: string, version: string | null, loaded: ReadonlySet<string>): void {
    const known = this.#of(server)
    const isOther = version !== known.version
    known.version = version
    for (const [model, learner] of known.learners) if (isOther || !loaded.has(model)) learner.tryAgain()
  }

  keep(servers: ReadonlySet<string>): void {
    for (const server of this.#servers.keys()) if (!servers.has(server)) this.#servers.delete(server)
  }

  #of(server: string): { version: string | null; readonly learners: Map<string, SlotLearner> } {
    let known = this.#servers.get(server)
    if (known === undefined) {
      known = { version: null, learners: new Map() }
      this.#servers.set(server, known)
    }
    return known
  }
}
