import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { vias } from '../system/harness/agent-before.ts'
import { startGate, type Gate } from './gate.ts'
import { pythonClients } from './python-clients.ts'
import { runProgram } from './run-program.ts'

const python = pythonClients()
const folder = join(import.meta.dirname, 'python')

interface Result {
  readonly name: string
  readonly error: string | null
}

async function runFile(gate: Gate, file: string, interpreter: string): Promise<Map<string, string | null>> {
  const { stdout, stderr } = await runProgram(interpreter, [join(folder, file)], {
    CORRAL_URL: gate.url,
    CORRAL_KEY: gate.key,
    CORRAL_FAKE: gate.fake.controlUrl,
    PYTHONDONTWRITEBYTECODE: '1',
  })
  const lines = stdout.split('\n').filter((line) => line !== '')
  if (lines.length === 0) throw new Error(`${file} printed nothing: ${stderr}`)
  const results = lines.map((line) => JSON.parse(line) as Result) // written by support.py
  return new Map(results.map(({ name, error }) => [name, error]))
}

describe.each(vias)('via %s', (via) => {
  let gate: Gate
  beforeAll(async () => {
    if (python !== undefined) gate = await startGate(via)
  })
  afterAll(() => gate?.stop())

  describe.each(['ollama_client.py', 'openai_client.py', 'anthropic_client.py', 'langchain_client.py'])(
    '%s',
    (file) => {
      const source = readFileSync(join(folder, file), 'utf8')
      const names = [...source.matchAll(/^def (test_\w+)/gm)].map((match) => match[1] ?? '')
      let results: Map<string, string | null>

      beforeAll(async () => {
        if (python !== undefined) results = await runFile(gate, file, python)
      }, 60_000)

      it.for(names)('%s', (name, context) => {
        if (python === undefined) context.skip('the Python clients are not installed: npm run clients:python')
        expect(results.get(name)).toBeNull()
      })
    },
  )
})
