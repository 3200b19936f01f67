import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, globSync, readdirSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { execForm, readStages } from './image-plan.ts'
import { IMAGE_USER, stageImage, type StagedImage } from './staged-image.ts'
import { freePort } from './start-container.ts'

const stage = readStages('corral').at(-1) ?? { from: '', name: undefined, instructions: [] }
const isRoot = process.getuid?.() === 0

interface Run {
  readonly child: ChildProcess
  readonly url: string
  readonly env: Readonly<Record<string, string>>
  output(): string
}

/** ENTRYPOINT and CMD as the image would start them: its files, its variables, its user where that can be. */
async function runImage(image: StagedImage, ollamaUrl: string): Promise<Run> {
  const port = await freePort()
  const env = { ...image.env, PATH: pathOf(image), CORRAL_LISTEN: `127.0.0.1:${port}`, OLLAMA_HOST: ollamaUrl }
  const [program = '', ...programArguments] = [...execForm(stage, 'ENTRYPOINT'), ...execForm(stage, 'CMD')]
  const user = isRoot ? { uid: IMAGE_USER, gid: IMAGE_USER } : {}
  const child = spawn(program, programArguments, { cwd: image.data, env, stdio: ['ignore', 'pipe', 'pipe'], ...user })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  onTestFinished(() => void child.kill('SIGKILL'))
  await vi.waitFor(() => expect(output).toContain('corral ready'), { timeout: 15_000, interval: 20 })
  return { child, url: `http://127.0.0.1:${port}`, env, output: () => output }
}

function pathOf(image: StagedImage): string {
  return [join(image.app, 'deploy/docker/bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter)
}

function checkHealth(
  image: StagedImage,
  env: Readonly<Record<string, string>>,
): { status: number | null; stderr: string } {
  const [program = '', ...programArguments] = execForm(stage, 'HEALTHCHECK').map((word) => image.here(word))
  return spawnSync(program, programArguments, { env: { ...env }, cwd: image.data, encoding: 'utf8', timeout: 10_000 })
}

// Only root can become the image's user, and Node has to be where that user may read it.
it('the files that the gateway image is made of are enough to run it, as its user, and only the volume is written to', async () => {
  await using fake = await startFakeOllama()
  const image = stageImage('corral', tempFolder())
  const before = readdirSync(image.app, { recursive: true }).length
  const { child, url, env, output } = await runImage(image, fake.url)
  const [key] = /\bcrl_[0-9A-Za-z_]{20,}/.exec(output()) ?? []
  expect(output()).toContain('"corral env ollama"')
  const answer = await fetch(`${url}/api/tags`, { headers: { authorization: `Bearer ${key}` } })
  expect(answer.status).toBe(200)
  await vi.waitFor(() => expect(existsSync(join(image.data, 'logs'))).toBe(true), { timeout: 5_000 })
  expect(readdirSync(image.data)).toEqual(expect.arrayContaining(['corral.db', 'corral.secret', 'logs']))
  expect(readdirSync(image.app, { recursive: true })).toHaveLength(before)
  expect(globSync('{src,deploy}/**/*.test.ts', { cwd: image.app })).toEqual([])
  expect(checkHealth(image, env)).toMatchObject({ status: 0, stderr: '' })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  expect(await exited).toBe(0)
  const sick = checkHealth(image, env)
  expect(sick.status).toBe(1)
  expect(sick.stderr).toMatch(/^The gateway at 127\.0\.0\.1:\d+ is not well: .*ECONNREFUSED.*\n$/)
}, 60_000)
