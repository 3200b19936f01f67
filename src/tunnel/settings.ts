import { z } from 'zod'
import { defaultPool } from '../lib/default-pool.ts'
import { duration, listOf, memorySize, section, setting, settingFacts, slotCount, wholeNumber } from '../lib/setting.ts'
import type { SettingsContext } from '../lib/settings-context.ts'

export interface AgentSettings {
  /** `default` is always among them. */
  readonly pools: readonly PoolSettings[]
  /** How long a request waits for an agent before it is told that there is no upstream. */
  readonly waitMs: number
  readonly heartbeatMs: number
}

export interface PoolSettings {
  readonly name: string
  /** Lower is preferred. */
  readonly priority: number
  /** Globs over canonical model names. */
  readonly models: readonly string[]
  /** Of each of its agents; null: no limit. */
  readonly memoryBytes: number | null
  /** Of each of its agents; null: learnt. */
  readonly slots: number | null
}

const poolName = setting(z.string(), (text) => (isPoolName(text) ? text : undefined), {
  wanted: 'a name of up to 64 letters, digits or . _ -, beginning with a letter or digit',
  description: 'What keys call it.',
})

const priority = wholeNumber({ description: 'Lower is preferred, as with upstreams.', min: 0, max: 1000 })

const modelPattern = setting(z.string(), (text) => (/^[\w.:/*?@-]{1,512}$/.test(text) ? text : undefined), {
  wanted: 'a model name or a pattern such as llama3*',
  description: 'A model name or pattern.',
})

const pool = section('Agents that a key may join together.', {
  name: poolName,
  priority: priority.prefault(1),
  models: listOf(modelPattern, {
    wanted: 'a list of model names or patterns such as llama3*',
    description: 'Which models its agents may serve.',
  }).prefault(['*']),
  memory: memorySize('Memory that each of its agents has for models, as with upstreams.').optional(),
  slots: slotCount('Requests that one loaded model answers at a time, as with upstreams.').prefault('auto'),
})

const pools = z.array(pool).max(100).register(settingFacts, {
  wanted: 'a list of at most 100 pools, each with a name',
  description: 'Sets of agents; a key for agents names those it may join. One called `default` is always there.',
})

export const agentsSlice = {
  agents: section('Agents: they dial in from beside an Ollama that nobody can reach.', {
    pools: pools.prefault([{ name: defaultPool, priority: 1, models: ['*'] }]),
    wait: duration({
      description: 'How long a request waits for an agent before it is told that there is no upstream.',
      maxMs: 300_000,
    }).prefault('0s'),
    heartbeat: duration({
      description: 'How often an agent says that it lives.',
      minMs: 100,
      maxMs: 60_000,
    }).prefault('15s'),
  }).prefault({}),
}

export function isPoolName(text: string): boolean {
  return /^[a-z0-9][\w.-]{0,63}$/i.test(text)
}

export function toAgentSettings(
  { agents: raw }: z.output<z.ZodObject<typeof agentsSlice>>,
  context: SettingsContext,
): AgentSettings {
  const taken = new Set<string>()
  for (const [index, { name }] of raw.pools.entries()) {
    if (taken.has(name.toLowerCase())) {
      context.problem(['agents', 'pools', index, 'name'], `is "${name}", which is taken already`)
    }
    if (name !== defaultPool && name.toLowerCase() === defaultPool) {
      context.problem(['agents', 'pools', index, 'name'], `is "${name}": write it "${defaultPool}"`)
    }
    taken.add(name.toLowerCase())
  }
  const named = raw.pools.some(({ name }) => name === defaultPool)
  const pools = raw.pools.map(({ memory = null, ...pool }) => ({ ...pool, memoryBytes: memory }))
  if (!named) pools.push({ name: defaultPool, priority: 1, models: ['*'], memoryBytes: null, slots: null })
  return { pools, waitMs: raw.wait, heartbeatMs: raw.heartbeat }
}
