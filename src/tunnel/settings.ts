import { z } from 'zod'
import { defaultPool } from '../lib/default-pool.ts'
import { duration, listOf, section, setting, settingFacts } from '../lib/setting.ts'
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
}

const poolName = setting(z.string(), (text) => (isPoolName(text) ? text : undefined), {
  wanted: 'a name of up to 64 letters, digits or . _ -, beginning with a letter or digit',
  description: 'What keys call it.',
})

const priority = setting(
  z.union([z.int(), z.string()]),
  (written) => (/^(?:\d{1,3}|1000)$/.test(String(written)) ? Number(written) : undefined),
  { wanted: 'a whole number from 0 to 1000', description: 'Lower is preferred, as with upstreams.' },
)

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
  const pools = named ? raw.pools : [...raw.pools, { name: defaultPool, priority: 1, models: ['*'] }]
  return { pools, waitMs: raw.wait, heartbeatMs: raw.heartbeat }
}
