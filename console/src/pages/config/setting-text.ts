import type { EffectiveConfig } from '../../admin-types.ts'

export type Setting = EffectiveConfig['settings'][number]

export interface Section {
  /** `upstreams`, `auth`: what stands before the first dot. */
  readonly name: string
  readonly settings: readonly Setting[]
}

export interface SettingFilter {
  readonly search: string
  /** Without what is as it would be anyway. */
  readonly changedOnly: boolean
}

/** Those that are asked for, by the first word of their names, in the order in which they came. */
export function sectionsOf(settings: readonly Setting[], filter: SettingFilter): Section[] {
  const sections = new Map<string, Setting[]>()
  for (const setting of settings) {
    if (!isWanted(setting, filter)) continue
    const name = /^[^.[]*/.exec(setting.name)?.[0] ?? setting.name
    sections.set(name, [...(sections.get(name) ?? []), setting])
  }
  return [...sections].map(([name, own]) => ({ name, settings: own }))
}

/** As it would stand in the file. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '""' : value
  if (value === null || value === undefined) return 'none'
  return JSON.stringify(value)
}

/** `file corral.yaml:3:5`, `env OLLAMA_HOST`; of a default there is nothing to say. */
export function sourceText({ source, detail }: Pick<Setting, 'source' | 'detail'>): string {
  return source === 'default' || detail === '' ? source : `${source} ${detail}`
}

function isWanted(setting: Setting, { search, changedOnly }: SettingFilter): boolean {
  if (changedOnly && setting.source === 'default') return false
  const text = `${setting.name}\n${valueText(setting.value)}\n${sourceText(setting)}`.toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
