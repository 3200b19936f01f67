import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'

/** `ollama serve`, with a runner beside it as the real one has; tells the test what it was started with. */
const { OLLAMA_HOST = '', FAKE_OLLAMA_OPTIONS = '{}', FAKE_OLLAMA_FACTS } = process.env
if (process.argv[2] !== 'serve') throw new Error(`the fake knows no "ollama ${process.argv[2] ?? ''}"`)

const options = JSON.parse(FAKE_OLLAMA_OPTIONS) as FakeOllamaOptions
const fake = await startFakeOllama({ ...options, port: Number(OLLAMA_HOST.split(':').at(-1)) })
const runner = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
process.once('SIGTERM', () => {
  runner.kill()
  void fake.stop().then(() => process.exit(0))
})
const facts = { pid: process.pid, runner: runner.pid, controlUrl: fake.controlUrl, environment: { ...process.env } }
if (FAKE_OLLAMA_FACTS !== undefined) writeFileSync(FAKE_OLLAMA_FACTS, JSON.stringify(facts))
