import { findCircles } from '../lib/find-circles.ts'
import { parseAnyModelName } from '../lib/model-name.ts'
import { patternProblem } from '../lib/pattern.ts'
import type { SettingsContext } from '../lib/settings-context.ts'

type Targets = Readonly<Record<string, string | readonly string[]>>

interface CheckedSettings {
  readonly aliases: Targets
  readonly assignments: Targets
  readonly fallbacks: Targets
  readonly memory: Readonly<Record<string, number>>
  readonly memoryPatterns: readonly { readonly match: string }[]
}

/** What the settings of models must agree on among themselves. */
export function checkModelSettings(settings: CheckedSettings, context: SettingsContext): void {
  for (const name of ['aliases', 'assignments', 'fallbacks', 'memory'] as const) {
    checkNames(name, settings[name], context)
  }
  checkTargets('aliases', settings.aliases, context)
  checkTargets('fallbacks', settings.fallbacks, context)
  checkCircles('aliases', settings.aliases, context)
  checkCircles('fallbacks', settings.fallbacks, context)
  for (const [index, { match }] of settings.memoryPatterns.entries()) {
    const problem = patternProblem(match)
    if (problem !== undefined) context.problem(['models', 'memory_patterns', index, 'match'], problem)
  }
}

/** Two spellings of one model would make it a matter of luck which line holds. */
function checkNames(name: string, lines: Readonly<Record<string, unknown>>, context: SettingsContext): void {
  const spellings = new Map<string, string>()
  for (const written of Object.keys(lines)) {
    const at = ['models', name, written]
    const canonical = canonicalOf(written)
    if (canonical === undefined) {
      context.problem(at, 'is not the name of a model')
      continue
    }
    const other = spellings.get(canonical)
    if (other !== undefined) context.problem(at, `is the same model as "${other}": keep one of them`)
    spellings.set(canonical, written)
  }
}

function checkTargets(name: string, lines: Targets, context: SettingsContext): void {
  for (const [written, value] of Object.entries(lines)) {
    const wrong = [value].flat().find((target) => canonicalOf(target) === undefined)
    if (wrong !== undefined) {
      context.problem(['models', name, written], `names ${JSON.stringify(wrong)}, which is not the name of a model`)
    }
  }
}

/** Told by the names that have a line of their own, since those are the ones to change. */
function checkCircles(name: string, lines: Targets, context: SettingsContext): void {
  const spellings = new Map(Object.keys(lines).map((written) => [canonicalOf(written), written]))
  const next = new Map(
    Object.entries(lines).flatMap(([written, value]): [string, string[]][] => {
      const canonical = canonicalOf(written)
      const targets = [value].flat().flatMap((target) => canonicalOf(target) ?? [])
      return canonical === undefined ? [] : [[canonical, targets]]
    }),
  )
  for (const circle of findCircles(next)) {
    const [first = '', ...others] = circle.map((canonical) => spellings.get(canonical) ?? canonical)
    context.problem(['models', name, first], `leads in a circle: ${shorten([first, ...others]).join(' > ')}`)
  }
}

const MAX_SHOWN = 12

function shorten(names: readonly string[]): readonly string[] {
  return names.length <= MAX_SHOWN ? names : [...names.slice(0, MAX_SHOWN - 2), '...', ...names.slice(-1)]
}

function canonicalOf(name: string): string | undefined {
  const model = parseAnyModelName(name)
  return model.kind === 'invalid' ? undefined : model.canonical
}
