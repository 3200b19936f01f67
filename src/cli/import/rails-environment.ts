import { CommandFailure } from '../command-failure.ts'
import { isTree, type Tree } from './foreign-tree.ts'

export interface RailsSettings {
  /** Null: the file has no environments. */
  readonly environment: string | null
  readonly settings: Tree
}

const telling = ['servers', 'external_hosts', 'model_config', 'proxy_port'] as const

/** Whether a YAML file is one of the Rails Ollama proxy, with environments or without. */
export function isRailsConfig(tree: unknown): tree is Tree {
  return isTree(tree) && (isPlain(tree) || Object.values(tree).some((inner) => isTree(inner) && isPlain(inner)))
}

/** `config_for` lays the chosen environment over `shared`, section by section. */
export function selectEnvironment(tree: Tree, wanted: string | undefined): RailsSettings {
  if (isPlain(tree)) {
    if (wanted === undefined) return { environment: null, settings: tree }
    throw new CommandFailure(`The file has no environments: import it without --env ${wanted}`)
  }
  const sections = Object.entries(tree).filter(([, section]) => isTree(section))
  const real = sections.map(([name]) => name).filter((name) => name !== 'default' && name !== 'shared')
  const names = real.length > 0 ? real : sections.map(([name]) => name)
  const environment = wanted ?? (names.includes('production') || names.length !== 1 ? 'production' : names[0])
  const section = environment === undefined || !Object.hasOwn(tree, environment) ? undefined : tree[environment]
  if (environment === undefined || !isTree(section)) {
    const missing = wanted === undefined ? 'Which environment is meant?' : `There is no environment ${wanted}:`
    throw new CommandFailure(`${missing} The file has ${names.join(', ')}; choose with --env`)
  }
  return { environment, settings: isTree(tree['shared']) ? merge(tree['shared'], section) : section }
}

function isPlain(tree: Tree): boolean {
  return telling.some((name) => Object.hasOwn(tree, name))
}

function merge(below: Tree, above: Tree): Tree {
  const merged: Record<string, unknown> = { ...below }
  for (const [name, value] of Object.entries(above)) {
    const under = merged[name]
    merged[name] = isTree(under) && isTree(value) ? merge(under, value) : value
  }
  return merged
}
