import type { Dialect } from '../dialects/dialect.ts'
import { canonicalNumber } from './canonical-number.ts'
import { isArray, isNumber, isObject, type JsonNode, type JsonObject } from './json-tree.ts'
import type { CacheSettings } from './settings.ts'

export interface AskedRoute {
  readonly dialect: Dialect
  readonly scope: string
}

/** Whether an answer to this body may be given again: whether it would be the same one, and all that was asked for. */
export function mayAnswerAgain(body: JsonObject, route: AskedRoute, mode: CacheSettings['mode']): boolean {
  const { members } = body
  if (isCommand(members) || searchesTheWeb(members)) return false
  return mode === 'all' || route.scope === 'embed' || isDeterministic(members, route.dialect)
}

/** What has nothing to read only loads or unloads the model, and a stay of zero unloads it behind the answer. */
function isCommand(members: JsonObject['members']): boolean {
  return !READ.some((name) => hasContent(members.get(name))) || isZeroStay(members.get('keep_alive'))
}

const READ = ['messages', 'prompt', 'input'] as const

function hasContent(node: JsonNode | undefined): boolean {
  return isArray(node) ? node.items.length > 0 : typeof node === 'string' && node !== ''
}

/** Seconds, or a duration as Go writes it: `0`, `0s`, `0h0m`. */
function isZeroStay(node: JsonNode | undefined): boolean {
  if (isNumber(node)) return Number(node.text) === 0
  return typeof node === 'string' && /^[^1-9]*0[^1-9]*$/.test(node)
}

/** Ollama looks things up for such a tool: the answer is of its day. */
function searchesTheWeb(members: JsonObject['members']): boolean {
  const tools = members.get('tools')
  if (!isArray(tools)) return false
  return tools.items.some(
    (tool) =>
      isObject(tool) &&
      [...tool.members.values()].some((value) => typeof value === 'string' && value.startsWith('web_search')),
  )
}

/**
 * Temperature 0 or a seed, where Ollama reads them: in `options` of its own API, at the top of the others. Responses
 * and Messages know no seed, and a negative one is Ollama's word for any.
 */
function isDeterministic(members: JsonObject['members'], dialect: Dialect): boolean {
  const read = dialect === 'ollama' ? membersOf(members.get('options')) : members
  const temperature = read.get('temperature')
  if (isNumber(temperature) && Number(temperature.text) === 0) return true
  const seed = dialect === 'ollama' || dialect === 'openai' ? read.get('seed') : undefined
  return isNumber(seed) && /^\d+$/.test(canonicalNumber(seed.text) ?? '')
}

function membersOf(node: JsonNode | undefined): JsonObject['members'] {
  return isObject(node) ? node.members : new Map()
}
