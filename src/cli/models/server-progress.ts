import type { ModelLine } from './model-requests.ts'

/** How far one server is with what it was asked for. */
export interface ServerProgress {
  readonly name: string
  readonly state: 'running' | 'done' | 'failed'
  /** In its own words; of one that failed, why. */
  readonly status: string
  /** Of the layer it is at; null where it transfers none. */
  readonly layer: { readonly total: number; readonly completed: number } | null
}

/** Reads progress from the lines of one answer: of each server where there are several, else of the only one. */
export class ServersProgress {
  #servers: ReadonlyMap<string, ServerProgress> = new Map()

  began(names: readonly string[]): void {
    this.#servers = new Map(names.map((name) => [name, { name, state: 'running', status: 'waiting', layer: null }]))
  }

  heard(line: ModelLine): void {
    const news = isRecord(line.upstreams) ? Object.entries(line.upstreams) : []
    for (const [name, each] of news) if (isRecord(each)) this.#update(name, each)
    const [only, ...others] = this.#servers.keys()
    if (only !== undefined && others.length === 0) this.#update(only, line)
    if (line.status === 'success') for (const name of this.#servers.keys()) this.#update(name, line)
  }

  list(): readonly ServerProgress[] {
    return [...this.#servers.values()]
  }

  #update(name: string, line: ModelLine): void {
    const next = new Map(this.#servers)
    next.set(name, progressOf(name, line))
    this.#servers = next
  }
}

function progressOf(name: string, { status, digest, total, completed, error }: ModelLine): ServerProgress {
  if (typeof error === 'string') return { name, state: 'failed', status: error, layer: null }
  if (status === 'success') return { name, state: 'done', status, layer: null }
  const layer =
    typeof digest === 'string' && typeof total === 'number'
      ? { total, completed: typeof completed === 'number' ? Math.min(completed, total) : 0 }
      : null
  return { name, state: 'running', status: typeof status === 'string' ? status : '', layer }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
