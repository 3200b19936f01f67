import { z } from 'zod'
import { parseAnyModelName } from '../lib/model-name.ts'
import { listOf, memorySize, section, setting, settingFacts, table, textSetting } from '../lib/setting.ts'
import type { SettingsContext } from '../lib/settings-context.ts'
import { checkModelSettings } from './check-model-settings.ts'

export interface ModelSettings {
  /** What a client asks for, and the model it gets. Names as they were written. */
  readonly aliases: Readonly<Record<string, string>>
  /** Model to names of the upstreams that serve it. */
  readonly assignments: Readonly<Record<string, readonly string[]>>
  /** Model to models that answer in its place, in order. */
  readonly fallbacks: Readonly<Record<string, readonly string[]>>
  /** The first whose `match` fits governs. */
  readonly policies: readonly ModelPolicy[]
  /** Model to the bytes of memory it takes. Names as they were written. */
  readonly memory: Readonly<Record<string, number>>
  /** For models that `memory` does not name; the first that fits holds. */
  readonly memoryPatterns: readonly MemoryPattern[]
  readonly keepWarm: readonly KeepWarm[]
  /** Upstream or pool to the models that should be on its disk. */
  readonly desired: Readonly<Record<string, readonly string[]>>
  /** Answers requests that name no model. */
  readonly default: string | null
  /** The first whose `match` fits holds; models that none fits cost nothing. */
  readonly prices: readonly ModelPrice[]
}

/** Of a million tokens. */
export interface ModelPrice {
  /** Glob over canonical model names. */
  readonly match: string
  readonly prompt: number
  readonly completion: number
}

export interface MemoryPattern {
  /** For `patternMatcher`, over canonical model names. */
  readonly match: string
  readonly memoryBytes: number
}

/** A model that stays loaded. */
export interface KeepWarm {
  readonly model: string
  /** On each of these upstreams, and on each agent of these pools. Null: on at least one, wherever it is. */
  readonly upstreams: readonly string[] | null
}

export interface ModelPolicy {
  /** Glob over canonical model names. */
  readonly match: string
  readonly numCtx: 'allow' | 'strip' | number
  /** A value is what Ollama takes: a duration as text, or seconds (negative: for ever). */
  readonly keepAlive: 'allow' | 'strip' | string | number
}

/** Go's `time.ParseDuration`, which Ollama reads it with: no days, a sign, fractions. */
const goDuration = /^[+-]?(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/

const upstreamName = z.string().register(settingFacts, {
  wanted: 'the name of an upstream or pool',
  description: 'An upstream, or a pool of agents.',
})

const assigned = z.array(upstreamName).min(1).register(settingFacts, {
  wanted: 'a list of at least one upstream',
  description: 'The upstreams, or pools of agents, that serve it.',
})

const substitutes = z
  .array(z.string().register(settingFacts, { wanted: 'the name of a model', description: 'A model.' }))
  .min(1)
  .register(settingFacts, {
    wanted: 'a list of at least one model',
    description: 'The models that answer in its place, in order.',
  })

const warmUpstreams = z.array(upstreamName).min(1).max(1000).register(settingFacts, {
  wanted: 'a list of at least one upstream, and at most 1000',
  description: 'Where it stays loaded.',
})

const policy = section('What a request may say about how its model is loaded.', {
  match: textSetting({
    wanted: 'a pattern such as *:70b',
    description: 'Models it is about: a name in which `*` is any run of characters.',
  }),
  num_ctx: z
    .union([
      z.enum(['allow', 'strip']),
      z
        .int()
        .min(1)
        .max(2 ** 31 - 1),
    ])
    .register(settingFacts, {
      wanted: 'allow, strip, or a number of tokens',
      description: '`allow`, `strip`, or the context length that every request gets.',
    })
    .prefault('allow'),
  keep_alive: z
    .union([z.enum(['allow', 'strip']), z.string().regex(goDuration), z.int()])
    .register(settingFacts, {
      wanted: 'allow, strip, a duration such as 5m, or a number of seconds (negative: for ever)',
      description: '`allow`, `strip`, or the `keep_alive` that every request gets.',
    })
    .prefault('allow'),
})

const modelName = setting(z.string(), (text) => (parseAnyModelName(text).kind === 'invalid' ? undefined : text), {
  wanted: 'the name of a model',
  description: 'A model.',
})

const memoryPattern = section('What models take whose name fits.', {
  match: setting(z.string(), (text) => text, {
    wanted: 'a regular expression such as ".*-70b.*"',
    description: 'Regular expression that fits a part of the name, in either case: `"-70b"`.',
  }),
  memory: memorySize('Memory such a model takes once it is loaded.'),
})

const pricePerMillion = (description: string) =>
  setting(
    z.union([z.number(), z.string()]),
    (written) => (/^\d{1,9}(?:\.\d{1,6})?$/.test(String(written)) ? Number(written) : undefined),
    { wanted: 'an amount of money such as 2.50, without a currency', description },
  )

const modelPrice = section('What models cost that somebody is paid for.', {
  match: textSetting({
    wanted: 'the name of a model, or a pattern such as gpt-4o*',
    description: 'Models it is about: a name in which `*` is any run of characters.',
  }),
  prompt: pricePerMillion('Price of a million tokens that are read.'),
  completion: pricePerMillion('Price of a million tokens that are written.'),
})

const warmModel = setting(
  z.union([z.string(), z.strictObject({ model: z.string(), upstreams: warmUpstreams })]),
  (written): KeepWarm | undefined => {
    const entry = typeof written === 'string' ? { model: written, upstreams: null } : written
    return parseAnyModelName(entry.model).kind === 'invalid' ? undefined : entry
  },
  {
    wanted: 'the name of a model, or {model: NAME, upstreams: [NAME]}',
    description: 'A model that stays loaded.',
  },
)

export const modelsSlice = {
  models: section('What models are called, where they run and what requests may ask of them.', {
    aliases: table(z.string(), {
      wanted: 'a section of names, each with the model it stands for',
      description: 'Names that stand for other models: `"gpt-4o-mini": "qwen3:8b"`.',
    }).prefault({}),
    assignments: table(assigned, {
      wanted: 'a section of models, each with a list of upstreams',
      description: 'Models that run on the named upstreams, or pools of agents, only: `"qwen3:32b": [gpu-1]`.',
    }).prefault({}),
    fallbacks: table(substitutes, {
      wanted: 'a section of models, each with a list of models',
      description:
        'Models that answer in the place of one that no upstream can serve now, or with which every upstream that was asked has failed: `"qwen3:32b": ["qwen3:8b"]`.',
    }).prefault({}),
    policies: z
      .array(policy)
      .max(1000)
      .register(settingFacts, {
        wanted: 'a list of at most 1000 policies, each with a match',
        description: 'Rules for `num_ctx` and `keep_alive`; the first that matches governs.',
      })
      .prefault([]),
    memory: table(memorySize('Memory the model takes once it is loaded.'), {
      wanted: 'a section of models, each with a size such as 40GB',
      description: 'Memory that models take of which no upstream tells the size: `"custom-70b": 40GB`.',
    }).prefault({}),
    memory_patterns: z
      .array(memoryPattern)
      .max(1000)
      .register(settingFacts, {
        wanted: 'a list of at most 1000 patterns, each with a match and a memory',
        description: 'The same for all models whose name fits, where `memory` does not name them; the first holds.',
      })
      .prefault([]),
    keep_warm: listOf(warmModel, {
      wanted: 'a list of models, or of {model: NAME, upstreams: [NAME]}',
      description:
        'Models that stay loaded, each on at least one upstream; `{model: "qwen3:8b", upstreams: [gpu-1]}` on each of those.',
    }).prefault([]),
    desired: table(z.array(modelName).max(1000), {
      wanted: 'a section of upstreams, each with a list of models',
      description:
        'Models that should be on the disk of an upstream, or of each agent of a pool: `gpu-1: ["qwen3:8b"]`.',
    }).prefault({}),
    default: setting(modelName, (text) => text, {
      wanted: 'the name of a model',
      description: 'Model that answers requests that name none.',
    }).optional(),
    prices: z
      .array(modelPrice)
      .max(1000)
      .register(settingFacts, {
        wanted: 'a list of at most 1000 prices, each with a match, a prompt and a completion',
        description:
          'What a million tokens cost, in one currency of your own: `[{match: "gpt-4o*", prompt: 2.50, completion: 10}]`. The first that fits holds; other models cost nothing.',
      })
      .prefault([]),
  }).prefault({}),
}

export function toModelSettings(
  { models: raw }: z.output<z.ZodObject<typeof modelsSlice>>,
  context: SettingsContext,
): ModelSettings {
  const settings = {
    aliases: raw.aliases,
    assignments: raw.assignments,
    fallbacks: raw.fallbacks,
    policies: raw.policies.map((rule) => ({ match: rule.match, numCtx: rule.num_ctx, keepAlive: rule.keep_alive })),
    memory: raw.memory,
    memoryPatterns: raw.memory_patterns.map(({ match, memory }) => ({ match, memoryBytes: memory })),
    keepWarm: raw.keep_warm,
    desired: raw.desired,
    default: raw.default ?? null,
    prices: raw.prices,
  }
  checkModelSettings(settings, context)
  return settings
}
