import { readForeignYaml } from '../../config/foreign-yaml.ts'
import { CommandFailure } from '../command-failure.ts'
import { remark, variablesOf, type Remark, type Section } from './annotated-yaml.ts'
import { fromMarks, readErb } from './erb.ts'
import { kindOf, wrongToken } from './foreign-file.ts'
import { keyFileConfig } from './key-file-config.ts'
import { isTree } from './foreign-tree.ts'
import { mayBeSecret } from './leftovers.ts'
import { railsConfig } from './rails-config.ts'
import { isRailsConfig, selectEnvironment } from './rails-environment.ts'

export interface ImportTerms {
  /** As it was typed. */
  readonly file: string
  /** Where it is, seen from the folder of the config; null: it came on stdin. */
  readonly pathFromConfig: string | null
  readonly environment: string | undefined
}

/** Any of the files that can be imported, as a config of ours. Throws one sentence where that cannot be. */
export function importText(text: string, terms: ImportTerms): Section {
  const kind = kindOf(text)
  if (kind === undefined) throw new CommandFailure(`${JSON.stringify(terms.file)} is empty`)
  if (kind === 'yaml') return importRails(text, terms)
  if (terms.environment !== undefined) {
    throw new CommandFailure(`--env is for a YAML file with environments; ${JSON.stringify(terms.file)} holds keys`)
  }
  if (terms.pathFromConfig === null) {
    throw new CommandFailure('A file of keys stays where it is, and the config names it: give its path instead of -')
  }
  const wrong = kind === 'tokens' ? wrongToken(text) : undefined
  if (wrong !== undefined) {
    throw new CommandFailure(`Entry ${wrong} of ${JSON.stringify(terms.file)} is empty, too long or holds white space`)
  }
  return [header(terms.file), ...keyFileConfig(kind, terms.pathFromConfig)]
}

function importRails(text: string, { file, environment: wanted }: ImportTerms): Section {
  const cannot = (why: string) => new CommandFailure(`Cannot import ${JSON.stringify(file)}: ${why}`)
  const template = readErb(text)
  if (template.kind === 'problem') throw cannot(template.sentence)
  const yaml = readForeignYaml(template.text)
  if (yaml.kind === 'problem') throw cannot(yaml.sentence)
  if (!isRailsConfig(yaml.tree)) {
    throw cannot(
      'it is neither an ollama_proxy.yml (with servers, external_hosts or model_config), nor an authTokens.json, nor a file of keys',
    )
  }
  const { environment, settings } = selectEnvironment(yaml.tree, wanted)
  const section = railsConfig(readMarks(settings, cannot))
  const from = environment === null ? file : `${file}, environment ${environment}`
  return [header(from), ...fallbackLines(section, template.fallbacks), ...section]
}

function header(from: string): Remark {
  return remark(
    `Written by "corral import" from ${from}. Check it with "corral config check"; docs/config.md tells every setting.`,
  )
}

function fallbackLines(section: Section, fallbacks: ReadonlyMap<string, string>): Remark[] {
  return variablesOf(section).flatMap((name) => {
    const fallback = fallbacks.get(name)
    if (fallback === undefined) return []
    const isHidden = mayBeSecret(fallback) || /key|token|secret|passw/i.test(name)
    const value = isHidden ? 'a value that may be a secret' : JSON.stringify(fallback)
    const text = `${name} had a default there, ${value}: set ${name}, because a variable here has none.`
    return [{ kind: 'remark', text: `Not mapped: ${text}`, unmapped: true }]
  })
}

/** What the template left, in all texts and names of a tree. */
function readMarks<T>(value: T, cannot: (why: string) => Error): T
function readMarks(value: unknown, cannot: (why: string) => Error): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => readMarks(item, cannot))
  if (isTree(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [readMarks(key, cannot), readMarks(inner, cannot)]),
    )
  }
  if (typeof value !== 'string') return value
  const { text, unreadableLine } = fromMarks(value)
  if (unreadableLine === undefined) return text
  throw cannot(
    `line ${unreadableLine} runs Ruby code; of <%= %> only ENV['NAME'] and ENV.fetch('NAME', 'default') can be read`,
  )
}
