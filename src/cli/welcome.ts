import { basename } from 'node:path'
import type { Settings } from '../config/settings.ts'
import type { UpstreamState } from '../routing/fleet/upstream-state.ts'
import { compareVersions } from '../routing/fleet/version.ts'
import type { UpstreamSettings } from '../upstreams/settings.ts'
import { clientExports, shellQuote } from './client-exports.ts'
import type { Terminal } from './terminal.ts'

/** Below it Ollama has known holes that reach through any gateway. */
export const safeOllamaVersion = '0.17.1'

/** Says the first key, once, and what to paste where. */
export function sayFirstKey(terminal: Terminal, settings: Settings, { url, key }: { url: string; key: string }): void {
  const connection = { url, key, pathKeys: settings.auth.pathKeys }
  const corral = commandName(terminal)
  const section = (title: string, lines: readonly string[]): string[] => [
    terminal.style('bold', title),
    ...lines.map((line) => `  ${line}`),
  ]
  const lines = [
    '',
    'Your first key (user admin, every scope but agent). Keep it: it is shown this once.',
    '',
    `  ${terminal.style(['bold', 'green'], key)}`,
    '',
    ...section('ollama', clientExports('ollama', connection)),
    ...section('OpenAI SDKs', clientExports('openai', connection)),
    ...section('curl', [`curl ${shellQuote(`${url}/api/tags`)} -H 'Authorization: Bearer ${key}'`]),
    ...section('a browser', [`${url}/console/`]),
    '',
    `"${corral} env ollama" (or openai, claude, codex) says how again; "${corral} user create NAME" lets somebody else in.`,
    '',
  ]
  for (const line of lines) terminal.say(line)
}

/** Says which model servers are there; those that are not yet are used as soon as they are. */
export function sayUpstreams(
  terminal: Terminal,
  settings: readonly UpstreamSettings[],
  states: readonly UpstreamState[],
): void {
  const enabled = settings.filter((upstream) => upstream.enabled)
  if (enabled.length === 0)
    terminal.say('No Ollama is configured: add one under upstreams: in the config, it is taken over at once.')
  for (const upstream of enabled) {
    const state = states.find(({ name }) => name === upstream.name)
    const describe = upstream.provider === null ? describeUpstream : describeProvider
    terminal.say(describe(upstream, state))
  }
}

export function isOldOllama(version: string): boolean {
  // Source builds call themselves 0.0.0, about which nothing can be said.
  return version !== '0.0.0' && compareVersions(version, safeOllamaVersion) < 0
}

function describeUpstream({ url }: UpstreamSettings, state: UpstreamState | undefined): string {
  if (state?.health !== 'up') return `No Ollama at ${url} yet: it is served as soon as one appears.`
  const version = state.version ?? 'of unknown version'
  if (isOldOllama(version)) return `Found Ollama ${version} at ${url}, which has known security holes: update it.`
  return `Found Ollama ${version} at ${url}${withModels(state)}.`
}

function describeProvider({ name, url }: UpstreamSettings, state: UpstreamState | undefined): string {
  if (state?.health === 'up') return `Provider ${name} answers at ${url}${withModels(state)}.`
  return `Provider ${name} at ${url} is not used yet: ${state?.fault ?? 'it has not answered'}.`
}

function withModels(state: UpstreamState): string {
  const count = state.models?.size
  return count === undefined ? '' : ` with ${count} ${count === 1 ? 'model' : 'models'}`
}

/** How the reader calls the other commands: from a clone there is no `corral` in the PATH. */
function commandName({ host }: Terminal): string {
  return basename(host.argv[1] ?? '') === 'main.ts' ? 'npm run -s corral --' : 'corral'
}
