import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { expect, type TestContext } from 'vitest'
import { runCommand } from '../system/harness/run-command.ts'
import { ROOT } from '../system/harness/start-gateway.ts'
import { isOutput } from './compare-output.ts'
import type { PageWorkspace } from './page-workspace.ts'
import type { Snippet } from './read-snippets.ts'

/** Runs one snippet of a page, after all that stand above it; throws where it does not do what the page says. */
export type Runner = (snippet: Snippet, terms: RunnerTerms) => Promise<void>

export interface RunnerTerms {
  /** Made when it is first asked for, the same one down the page. */
  workspace(): Promise<PageWorkspace>
  readonly context: TestContext
}

const main = join(ROOT, 'src/main.ts')

/** Each by the name that stands in the markers. */
export const runners: Readonly<Record<string, Runner>> = { shell, ci, output, file, config, env, unit }

async function shell({ code }: Snippet, { workspace, context }: RunnerTerms): Promise<void> {
  requireTools(code, context)
  await (await workspace()).shell(code)
}

/** Commands that CI runs as they stand, because they take too long here. */
async function ci({ code }: Snippet): Promise<void> {
  const script = readFileSync(join(ROOT, '.ci/run'), 'utf8').split('\n')
  const said = script.map((line) => `${line.replace(/^run_(?:tests|step) /, '')} `)
  for (const command of code.trim().split(/\n|&&/)) {
    expect(said).toContainEqual(expect.stringMatching(`^${command.trim()} `))
  }
}

/** What the command after the name prints. */
async function output({ code, argument }: Snippet, { workspace, context }: RunnerTerms): Promise<void> {
  if (argument === undefined) throw new Error('the marker names no command: <!-- snippet: output COMMAND -->')
  requireTools(argument, context)
  const page = await workspace()
  const printed = page.asWritten(await page.output(argument))
  if (!isOutput(code, printed)) expect(printed).toBe(code)
}

/** A file that the snippets below need. */
async function file({ code, argument }: Snippet, { workspace }: RunnerTerms): Promise<void> {
  if (argument === undefined) throw new Error('the marker names no file: <!-- snippet: file NAME -->')
  if (argument.endsWith('.json')) JSON.parse(code)
  const page = await workspace()
  await writeFile(join(page.folder, argument), page.filledIn(code))
}

/** A config; under the name after the runner it stays for the snippets below. */
async function config({ code, argument, line }: Snippet, { workspace }: RunnerTerms): Promise<void> {
  const page = await workspace()
  const path = join(page.folder, argument ?? `snippet-${line}.yaml`)
  await writeFile(path, page.filledIn(code))
  const names = [...code.matchAll(/(?<!\$)\$\{(\w+)\}/g)].flatMap(([, name]) => name ?? [])
  const variables = Object.fromEntries(names.map((name) => [name, `value-of-${name}`]))
  const result = await runCommand(main, ['config', 'check', '--config', path], { folder: page.folder, env: variables })
  expect(result).toMatchObject({ code: 0, stderr: '' })
  if (argument === undefined) await rm(path)
}

/** An env file: every variable in it sets something. */
async function env({ code }: Snippet): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'corral-env-'))
  try {
    await writeFile(join(folder, '.env'), code)
    const { stdout, stderr } = await runCommand(main, ['config', 'show', '--json'], { folder })
    const details = stdout === '' ? [] : (JSON.parse(stdout) as { detail: string }[]).map(({ detail }) => detail)
    for (const name of Object.keys(parseEnv(code))) expect(details, stderr).toContain(`${name} (.env)`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A unit, or a drop-in such as `corral.service.d/NAME.conf` for one that `corral service install` writes. */
async function unit({ code, argument = 'snippet.service' }: Snippet, { context }: RunnerTerms): Promise<void> {
  requireTools('systemd-analyze', context)
  const folder = await mkdtemp(join(tmpdir(), 'corral-unit-'))
  try {
    const agent = argument.startsWith('corral-agent.') ? ['--agent'] : []
    await runCommand(main, ['service', 'install', ...agent, '--root', folder], { folder })
    const units = join(folder, 'etc/systemd/system')
    await mkdir(join(units, dirname(argument)), { recursive: true })
    await writeFile(join(units, argument), code)
    const name = argument.replace(/\.d\/.*$/, '')
    const verify = spawnSync('systemd-analyze', ['verify', '--man=no', join(units, name)], { encoding: 'utf8' })
    // What it does not know it ignores, but says so.
    expect(verify).toMatchObject({ status: 0, stdout: '', stderr: '' })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const optionalTools = ['systemd-analyze']

function requireTools(code: string, context: TestContext): void {
  for (const tool of optionalTools.filter((name) => code.includes(name))) {
    if (spawnSync(tool, ['--version']).error !== undefined) context.skip(`${tool} is not installed`)
  }
}
