/** Servers and models of a simulated fleet. Times in milliseconds, sizes in bytes. */
export interface Fleet {
  readonly name: string
  readonly title: string
  readonly servers: readonly ServerSpec[]
  readonly models: readonly ModelSpec[]
  /** Models that somebody who knows the load would keep on each server. */
  readonly placement: Readonly<Record<string, readonly string[]>>
}

export interface ServerSpec {
  readonly name: string
  readonly memoryBytes: number
  /** Of an 8B model, one stream, nothing else on the server; inversely as the size for others. */
  readonly prefillPerSecond: number
  readonly decodePerSecond: number
}

export interface ModelSpec {
  readonly name: string
  readonly billions: number
  readonly fileBytes: number
  /** Of the requests, beside the others'. */
  readonly share: number
}

const GB = 1e9
const REFERENCE_BILLIONS = 8
const CONTEXT_BYTES = 1 * GB
const LOAD_BYTES_PER_MS = (1.5 * GB) / 1000
const LOAD_FIXED_MS = 1000
/** Ollama keeps so many models loaded where nothing else is set. */
export const MAX_LOADED = 3

const SERVERS: readonly ServerSpec[] = [
  { name: 'A', memoryBytes: 24 * GB, prefillPerSecond: 3000, decodePerSecond: 80 },
  { name: 'B', memoryBytes: 24 * GB, prefillPerSecond: 2000, decodePerSecond: 60 },
  { name: 'C', memoryBytes: 12 * GB, prefillPerSecond: 1200, decodePerSecond: 40 },
  { name: 'D', memoryBytes: 8 * GB, prefillPerSecond: 700, decodePerSecond: 25 },
  { name: 'E', memoryBytes: 48 * GB, prefillPerSecond: 3500, decodePerSecond: 90 },
]

const MODELS: readonly ModelSpec[] = [
  { name: '3B', billions: 3, fileBytes: 2.5 * GB, share: 0.14 },
  { name: '8Ba', billions: 8, fileBytes: 5.5 * GB, share: 0.41 },
  { name: '8Bb', billions: 8, fileBytes: 5.5 * GB, share: 0.1 },
  { name: '14B', billions: 14, fileBytes: 9.5 * GB, share: 0.2 },
  { name: '32B', billions: 32, fileBytes: 20 * GB, share: 0.08 },
  { name: '70B', billions: 70, fileBytes: 40 * GB, share: 0.07 },
]

const MIXED: Fleet = {
  name: 'mixed',
  title: 'Five unequal servers, six models; the largest fits on one of them only',
  servers: SERVERS,
  models: MODELS,
  placement: { A: ['8Ba', '8Bb', '14B'], B: ['32B'], C: ['8Ba', '3B'], D: ['8Ba'], E: ['70B', '8Bb'] },
}

const NO_SCARCE: Fleet = {
  name: 'no-scarce',
  title: 'The same without the largest model',
  servers: SERVERS,
  models: MODELS.filter((model) => model.name !== '70B'),
  placement: {
    A: ['8Ba', '8Bb', '14B'],
    B: ['14B', '8Ba', '3B'],
    C: ['8Ba', '3B'],
    D: ['8Ba'],
    E: ['32B', '14B', '8Ba'],
  },
}

const ALL_FIT: Fleet = {
  name: 'all-fit',
  title: 'Three small models that fit everywhere at once, on servers of the same five speeds',
  servers: SERVERS.map((server) => ({ ...server, memoryBytes: Math.max(server.memoryBytes, 24 * GB) })),
  models: MODELS.filter((model) => ['3B', '8Ba', '8Bb'].includes(model.name)),
  placement: Object.fromEntries(SERVERS.map((server) => [server.name, ['3B', '8Ba', '8Bb']])),
}

export const FLEETS: readonly Fleet[] = [MIXED, NO_SCARCE, ALL_FIT]

export function findFleet(name: string): Fleet {
  const fleet = FLEETS.find((candidate) => candidate.name === name)
  if (fleet === undefined) throw new Error(`There is no fleet "${name}"`)
  return fleet
}

/** In the memory of a server. */
export function loadedBytes(model: ModelSpec): number {
  return model.fileBytes + CONTEXT_BYTES
}

export function loadMs(model: ModelSpec): number {
  return model.fileBytes / LOAD_BYTES_PER_MS + LOAD_FIXED_MS
}

/** Of one stream alone on the server. */
export function prefillMsPerToken(server: ServerSpec, model: ModelSpec): number {
  return (1000 * model.billions) / (server.prefillPerSecond * REFERENCE_BILLIONS)
}

export function decodeMsPerToken(server: ServerSpec, model: ModelSpec): number {
  return (1000 * model.billions) / (server.decodePerSecond * REFERENCE_BILLIONS)
}

/** Whether the server can hold the model at all. */
export function holds(server: ServerSpec, model: ModelSpec): boolean {
  return loadedBytes(model) <= server.memoryBytes
}
