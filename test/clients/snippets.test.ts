import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { startGate, type Gate } from './gate.ts'
import { pythonClients } from './python-clients.ts'
import { runProgram } from './run-program.ts'
import { readSnippets, type Snippet } from './snippets.ts'

const root = join(import.meta.dirname, '..', '..')
const snippets = readSnippets(readFileSync(join(root, 'docs', 'clients.md'), 'utf8'))
const runnable = snippets.filter(({ runner }) => runner !== 'none')

/** Inside the project, so that a snippet finds the packages it imports. */
const folder = join(root, 'node_modules', '.cache', 'snippets')

/** The command for a snippet; skips the test where its program is not installed. */
function commandFor({ runner, code }: Snippet, name: string, context: TestContext): readonly [string, ...string[]] {
  switch (runner) {
    case 'js': {
      const path = join(folder, `${name}.mjs`)
      writeFileSync(path, code)
      return [process.execPath, path]
    }
    case 'python':
      return [
        pythonClients() ?? context.skip('the Python clients are not installed: npm run clients:python'),
        '-c',
        code,
      ]
    case 'ollama':
      if (spawnSync('ollama', ['--version']).error !== undefined) context.skip('the ollama CLI is not installed')
      return ['bash', '-ec', code]
    case 'sh':
      return ['bash', '-ec', code]
    default:
      throw new Error(`no runner called "${runner}"`)
  }
}

describe('docs/clients.md', () => {
  let gate: Gate
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true })
    gate = await startGate()
  })
  afterAll(() => gate.stop())

  it('names a runner for every snippet, and a reason where there is none', () => {
    const silent = snippets.filter(({ runner, reason }) => runner === 'missing' || (runner === 'none' && !reason))
    expect(silent).toEqual([])
    expect(snippets.length).toBeGreaterThan(10)
  })

  it.for(runnable.map((snippet, i) => ({ title: `${snippet.heading} (${i})`, snippet, name: `snippet-${i}` })))(
    'works as it stands: $title',
    async ({ snippet, name }, context) => {
      const code = snippet.code.replaceAll('http://127.0.0.1:11435', gate.url)
      const [program, ...programArguments] = commandFor({ ...snippet, code }, name, context)
      const { exitCode, stdout, stderr } = await runProgram(program, programArguments, { CORRAL_KEY: gate.key })
      expect(exitCode, stderr).toBe(0)
      expect(stdout.trim()).not.toBe('')
    },
  )
})
