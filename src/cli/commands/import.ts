import { dirname, relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { readBounded } from '../../config/read-bounded.ts'
import { CommandFailure } from '../command-failure.ts'
import { countUnmapped, variablesOf, writeYaml, type Section } from '../import/annotated-yaml.ts'
import { importText } from '../import/import-text.ts'
import type { Terminal } from '../terminal.ts'
import { writeConfig } from '../write-config.ts'

interface ImportOptions {
  readonly env?: string
  readonly out: string
  readonly force?: boolean
}

const DEFAULT_OUT = 'corral.yaml'

export function importFile(command: Command, terminal: Terminal): void {
  command
    .argument('<file>', 'ollama_proxy.yml, authTokens.json or a file of keys; what it is shows in what it holds')
    .option('--env <name>', 'environment of a YAML file that has some (default: production, or the only one)')
    .option('--out <file>', 'where to write, - for stdout', DEFAULT_OUT)
    .option('--force', 'replace a file that is there')
    .action((file: string, options: ImportOptions) => importInto(terminal, file, options))
}

async function importInto(terminal: Terminal, file: string, { env, out, force = false }: ImportOptions): Promise<void> {
  const target = out === '-' ? null : resolve(terminal.cwd, out)
  const folder = target === null ? terminal.cwd : dirname(target)
  const section = importText(await readForeign(terminal, file), {
    file,
    pathFromConfig: file === '-' ? null : relative(folder, resolve(terminal.cwd, file)),
    environment: env,
  })
  const text = writeYaml(section)
  if (target === null) {
    terminal.print(text.trimEnd())
  } else {
    await writeConfig(target, text, { force })
  }
  sayNext(terminal, section, { target, out })
}

async function readForeign(terminal: Terminal, file: string): Promise<string> {
  if (file === '-') return terminal.readInput()
  const read = readBounded(resolve(terminal.cwd, file))
  if (read.kind === 'text') return read.text
  throw new CommandFailure(`Cannot read ${JSON.stringify(file)}: ${read.sentence}`)
}

function sayNext(terminal: Terminal, section: Section, { target, out }: { target: string | null; out: string }): void {
  const count = countUnmapped(section)
  const [things, comments] = count === 1 ? ['thing', 'a comment'] : ['things', 'comments']
  const told =
    count === 0
      ? 'everything in it is mapped'
      : `${count} ${things} did not map: see "Not mapped" and the ${comments} in it`
  terminal.say(`${target === null ? 'Written to stdout' : `Wrote ${target}`}; ${told}`)
  const variables = variablesOf(section)
  if (variables.length > 0) terminal.say(`Set, in the environment or in .env: ${variables.join(', ')}`)
  const option = target === null || out === DEFAULT_OUT ? '' : ` --config ${out}`
  terminal.say(`Next: corral config check${option}, then corral serve${option}`)
}
