import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { ROOT } from '../../system/harness/start-gateway.ts'

export const composeFolders = ['host-ollama', 'all-in-one', 'two-ollamas'] as const
/** Of no gateway. */
export const agentComposeFolder = 'agent'
export type ComposeFolder = (typeof composeFolders)[number] | typeof agentComposeFolder

export interface Service {
  readonly image: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly restart?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly read_only?: boolean
  readonly extra_hosts?: readonly string[]
  readonly command?: readonly string[]
}

export function composePath(folder: ComposeFolder): string {
  return join(ROOT, 'deploy/compose', folder, 'compose.yaml')
}

export function readServices(folder: ComposeFolder): Readonly<Record<string, Service>> {
  return (parse(readFileSync(composePath(folder), 'utf8')) as { services: Record<string, Service> }).services
}

/** `${NAME:-default}` and `${NAME:?message}` as compose fills them in. */
export function fillIn(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind?: string, rest = '') => {
    const value = variables[name] ?? ''
    if (value === '' && kind === '?') throw new Error(`${name}: ${rest}`)
    return value === '' && kind === '-' ? rest : value
  })
}

const dclint = join(ROOT, '.cache/deploy-tools/node_modules/dclint/bin/dclint.cjs')

export const hasComposeSchema = existsSync(dclint)

/** What the compose specification's schema has against a file, as sentences. */
export function schemaProblems(path: string): string[] {
  const { stdout, stderr } = spawnSync(process.execPath, [dclint, '-f', 'json', path], { encoding: 'utf8' })
  if (stdout === '') throw new Error(`dclint said nothing: ${stderr}`)
  const [report] = JSON.parse(stdout) as { messages: { rule: string; message: string }[] }[]
  // Its other rules are about taste.
  return (report?.messages ?? []).filter(({ rule }) => rule === 'invalid-schema').map(({ message }) => message)
}
