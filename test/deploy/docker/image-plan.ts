import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../system/harness/start-gateway.ts'

export interface Instruction {
  readonly name: string
  readonly rest: string
}

export interface Stage {
  readonly from: string
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

export const images = ['corral', 'corral-ollama'] as const
export type Image = (typeof images)[number]

export function dockerfilePath(image: Image): string {
  return join(ROOT, 'deploy/docker', image, 'Dockerfile')
}

/** The stages of a Dockerfile, with the defaults of its arguments filled in. */
export function readStages(image: Image): Stage[] {
  const text = readFileSync(dockerfilePath(image), 'utf8')
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
  const stages: (Stage & { instructions: Instruction[] })[] = []
  const defaults: Record<string, string> = {}
  for (const line of text.split('\n').filter((line) => line.trim() !== '')) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    if (name === 'ARG') {
      const [key = '', value = ''] = rest.split('=')
      defaults[key] = value
    } else if (name === 'FROM') {
      const filled = rest.replace(/\$\{(\w+)\}/g, (_, key: string) => defaults[key] ?? '')
      const [from = '', , stage] = filled.split(/\s+/)
      stages.push({ from, name: stage, instructions: [] })
    } else stages.at(-1)?.instructions.push({ name, rest })
  }
  return stages
}

export function instructionsOf(stage: Stage, name: string): string[] {
  return stage.instructions.filter((instruction) => instruction.name === name).map(({ rest }) => rest)
}

/** The value of an instruction in its exec form: a JSON array. */
export function execForm(stage: Stage, name: string): string[] {
  const [last] = instructionsOf(stage, name).slice(-1)
  return last === undefined ? [] : (JSON.parse(last.slice(last.indexOf('['))) as string[])
}

export function environmentOf(stage: Stage): Record<string, string> {
  const pairs = instructionsOf(stage, 'ENV').flatMap((rest) => rest.split(/\s+/))
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}

export interface Copy {
  readonly fromStage: string | undefined
  readonly sources: readonly string[]
  readonly target: string
}

export function copiesOf(stage: Stage): Copy[] {
  return instructionsOf(stage, 'COPY').map((rest) => {
    const words = rest.split(/\s+/)
    const flags = words.filter((word) => word.startsWith('--'))
    const paths = words.filter((word) => !word.startsWith('--'))
    const fromStage = flags.find((flag) => flag.startsWith('--from='))?.slice('--from='.length)
    return { fromStage, sources: paths.slice(0, -1), target: paths.at(-1) ?? '' }
  })
}

/** Files below a path or pattern of a COPY that .dockerignore lets into the build, relative to the root. */
export function contextFiles(source: string): string[] {
  const found = globSync([source, `${source}/**`], { cwd: ROOT, withFileTypes: true })
  const files = found.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
  return files.map((file) => file.slice(ROOT.length + 1)).filter((file) => !isIgnored(file))
}

/** Docker's rules: the last pattern that matches a path or a folder above it decides. */
export function isIgnored(path: string): boolean {
  let ignored = false
  for (const line of readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n')) {
    const pattern = line.trim().replace(/^!/, '')
    if (pattern === '' || pattern.startsWith('#')) continue
    if (asRegExp(pattern).test(path)) ignored = !line.startsWith('!')
  }
  return ignored
}

function asRegExp(pattern: string): RegExp {
  const body = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(?:.*/)?'))
  return new RegExp(`^${body}(?:/.*)?$`)
}
