/** One import of a file: where it points and whether it vanishes with the types. */
export interface ImportEdge {
  /** Paths from the root with `/`; of a package or built-in its bare name. */
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

/** From the top of the drawn arrows to the leaves; a folder imports what stands on a later line. */
const layers: readonly (readonly string[])[] = [
  ['main.ts'],
  ['cli'],
  ['app'],
  ['http', 'admin'],
  [
    'proxy',
    'routing',
    'auth',
    'ledger',
    'limits',
    'cache',
    'tunnel',
    'upstreams',
    'dialects',
    'cluster',
    'store',
    'telemetry',
  ],
  ['errors'],
  ['lib'],
]

/** These run on Workers too. */
const portable = ['auth', 'proxy', 'routing', 'limits', 'dialects', 'errors', 'lib', 'tunnel/wire', 'tunnel/server']
const portableBuiltins = new Set(['node:crypto', 'node:buffer'])

/** Libraries that have a home, so that they are loaded only where they are used and can be replaced in one place. */
const homes: Readonly<Record<string, readonly string[]>> = {
  kysely: ['store'],
  pino: ['telemetry'],
  'pino-pretty': ['telemetry'],
  commander: ['cli'],
  'rate-limiter-flexible': ['limits'],
  yaml: ['config'],
  ws: ['tunnel/node'],
}

/** Implementations that only the composition root and the CLI choose; others know their types. */
const chosenByApp = new Set(['store', 'telemetry'])

/** Why an import may not be, as a sentence, or undefined. Tests may import what they like. */
export function importProblem(edge: ImportEdge): string | undefined {
  if (isTest(edge.from)) return undefined
  if (edge.from.startsWith('console/')) return pageProblem(edge.to)
  if (!edge.from.startsWith('src/')) return undefined
  if (edge.to.startsWith('console/')) return 'the gateway serves the page as files and knows nothing of it'
  const from = edge.from.slice('src/'.length)
  if (edge.to.startsWith('src/')) return ownProblem({ ...edge, from, to: edge.to.slice('src/'.length) })
  if (edge.to.startsWith('node:')) return builtinProblem(from, edge.to)
  if (/^(test|bench|scripts)\//.test(edge.to)) return 'the product does not import its tests, benchmarks or scripts'
  return packageProblem(from, edge.to)
}

/** The page runs in browsers, and sees the gateway by the types that are made of its schemas. */
function pageProblem(to: string): string | undefined {
  if (to.startsWith('console/src/') && !isTest(to)) return undefined
  if (['preact', 'uplot'].includes(packageName(to))) return undefined
  return 'the page imports nothing but itself, preact and uplot'
}

function builtinProblem(from: string, name: string): string | undefined {
  if (portableBuiltins.has(name) || !portable.some((folder) => from.startsWith(`${folder}/`))) return undefined
  return `${topFolder(from)}/ runs on Workers too: of the built-ins only ${[...portableBuiltins].join(' and ')}`
}

function packageProblem(from: string, to: string): string | undefined {
  const home = homes[packageName(to)]
  if (home === undefined || home.some((folder) => from.startsWith(`${folder}/`))) return undefined
  return `${packageName(to)} is used in ${home.map((folder) => `src/${folder}/`).join(', ')} only`
}

function ownProblem(edge: ImportEdge): string | undefined {
  const [from, to] = [topFolder(edge.from), topFolder(edge.to)]
  if (isTest(edge.to)) return 'the product does not import its tests'
  if (from === to) return undefined
  if (edge.to.startsWith(`${to}/internal/`)) return `${to}/internal/ is closed`
  if (from === 'config') return configProblem(edge)
  if (to === 'config') return toConfigProblem(from)
  return layerProblem(edge, from, to)
}

function configProblem(edge: ImportEdge): string | undefined {
  const to = topFolder(edge.to)
  if (to === 'lib' || to === 'errors' || edge.to.endsWith('/settings.ts')) return undefined
  return 'config/ composes settings slices and imports nothing that runs'
}

function toConfigProblem(from: string): string | undefined {
  return layerOf(from) <= layerOf('app') ? undefined : `${from}/ is handed its settings and never imports config/`
}

function layerProblem(edge: ImportEdge, from: string, to: string): string | undefined {
  const [upper, lower] = [layerOf(from), layerOf(to)]
  if (upper === -1) return `${from} has no place among the arrows yet: give it one in scripts/import-rules.ts`
  if (lower === -1) return `${to} has no place among the arrows yet: give it one in scripts/import-rules.ts`
  if (upper > lower) return `${from}/ is below ${to}/: arrows point down only`
  if (upper === lower && !edge.typeOnly)
    return `${from}/ and ${to}/ are siblings: \`import type\` only, they meet in app/`
  if (chosenByApp.has(to) && upper > layerOf('app') && !edge.typeOnly) return `only app/ and cli/ choose from ${to}/`
  return undefined
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.includes('/__fixtures__/')
}

function layerOf(folder: string): number {
  return layers.findIndex((layer) => layer.includes(folder))
}

function topFolder(path: string): string {
  return path.split('/', 1)[0] ?? path
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Every cycle through at least two files, each told once, from its alphabetically first file. */
export function importCycles(edges: readonly ImportEdge[]): string[][] {
  const next = new Map<string, string[]>()
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to])
  const done = new Set<string>()
  const cycles: string[][] = []
  const walk = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file)
    if (start !== -1) cycles.push(path.slice(start))
    if (start !== -1 || done.has(file)) return
    for (const target of next.get(file) ?? []) walk(target, [...path, file])
    done.add(file)
  }
  for (const file of [...next.keys()].toSorted()) walk(file, [])
  return cycles
}
