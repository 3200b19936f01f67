/** One line of progress, as Ollama writes it for a pull, a push or a create. */
export interface ProgressLine {
  readonly status?: string
  readonly digest?: string
  readonly total?: number
  readonly completed?: number
}

interface Part {
  state: 'running' | 'done' | 'failed'
  readonly said: Set<string>
  readonly layers: Map<string, { readonly total: number; readonly completed: number }>
  /** What it said last, until that has been passed on. */
  news: object | null
}

interface Layer {
  readonly status: string
  /** What the reader was told; null: nothing yet. */
  told: { readonly total: number; readonly completed: number } | null
  due: boolean
}

/** More different statuses or layers than any model has; what comes beyond them is not told. */
const MOST = 1000

/**
 * Makes one stream of progress of several. The `ollama` CLI draws a bar per digest and a spinner whenever the status
 * changes, so a layer stands where its slowest server stands, and a status is said once, when all have reached it.
 * What each server said itself goes along under `upstreams`, where that changed; that one has ended is told at once.
 */
export class SeveralProgress {
  readonly #parts = new Map<string, Part>()
  readonly #layers = new Map<string, Layer>()
  /** In the order in which they were first heard; true: the reader was told. */
  readonly #statuses = new Map<string, boolean>()
  #begun = false
  /** What was said last, without the news: said again, it changes nothing that the reader draws. */
  #last: object = {}
  /** One has ended and the reader was not told. */
  #hasEnding = false

  constructor(names: readonly string[]) {
    for (const name of names) {
      this.#parts.set(name, { state: 'running', said: new Set(), layers: new Map(), news: null })
    }
  }

  heard(name: string, line: ProgressLine): void {
    const part = this.#parts.get(name)
    if (part === undefined || part.state !== 'running') return
    part.news = line
    if (line.digest !== undefined) this.#heardLayer(part, line.digest, line)
    else if (line.status !== undefined && line.status !== 'success') this.#heardStatus(part, line.status)
  }

  /** Without an error it has done its work. */
  ended(name: string, error?: string): void {
    const part = this.#parts.get(name)
    if (part === undefined || part.state !== 'running') return
    part.state = error === undefined ? 'done' : 'failed'
    part.news = error === undefined ? { status: 'success' } : { error }
    this.#hasEnding = true
    for (const [digest, layer] of this.#layers) {
      if (layer.told !== null && layer.told.completed !== this.#standOf(digest).completed) layer.due = true
    }
  }

  /** The next line for the reader, or undefined while there is nothing new to say. */
  next(): object | undefined {
    for (const [status, told] of this.#statuses) {
      if (told || (this.#begun && !this.#reached(status))) continue
      this.#statuses.set(status, true)
      this.#begun = true
      return this.#lineOf({ status })
    }
    for (const [digest, layer] of this.#layers) {
      if (!layer.due) continue
      layer.due = false
      this.#begun = true
      const stand = this.#standOf(digest)
      layer.told = stand
      const completed = stand.completed === 0 ? {} : { completed: stand.completed }
      return this.#lineOf({ status: layer.status, digest, total: stand.total, ...completed })
    }
    return this.#hasEnding && this.#begun && this.#isRunning() ? this.#lineOf(this.#last) : undefined
  }

  /** The last line of the stream. */
  conclusion(error: string | undefined): object {
    return error === undefined ? { status: 'success' } : { error, ...this.#news() }
  }

  #lineOf(line: object): object {
    this.#last = line
    return { ...line, ...this.#news() }
  }

  /** Where none is, the conclusion tells all. */
  #isRunning(): boolean {
    return [...this.#parts.values()].some((part) => part.state === 'running')
  }

  #heardStatus(part: Part, status: string): void {
    if (part.said.size >= MOST) return
    part.said.add(status)
    if (!this.#statuses.has(status)) this.#statuses.set(status, false)
  }

  #heardLayer(part: Part, digest: string, { status = '', total = 0, completed = 0 }: ProgressLine): void {
    if (part.layers.size >= MOST && !part.layers.has(digest)) return
    part.layers.set(digest, { total, completed })
    const layer = this.#layers.get(digest) ?? { status, told: null, due: true }
    layer.due = true
    this.#layers.set(digest, layer)
  }

  #reached(status: string): boolean {
    return [...this.#parts.values()].every((part) => part.state !== 'running' || part.said.has(status))
  }

  /** One that has not come to a layer yet has nothing of it; one that failed holds nobody up. */
  #standOf(digest: string): { readonly total: number; readonly completed: number } {
    const parts = [...this.#parts.values()]
    const total = Math.max(0, ...parts.map((part) => part.layers.get(digest)?.total ?? 0))
    const stands = parts
      .filter((part) => part.state !== 'failed')
      .map((part) => (part.state === 'done' ? total : (part.layers.get(digest)?.completed ?? 0)))
    return { total, completed: Math.min(total, ...stands) }
  }

  #news(): object {
    this.#hasEnding = false
    const changed = [...this.#parts].filter(([, part]) => part.news !== null)
    if (changed.length === 0) return {}
    const upstreams = Object.fromEntries(changed.map(([name, part]) => [name, part.news]))
    for (const [, part] of changed) part.news = null
    return { upstreams }
  }
}
