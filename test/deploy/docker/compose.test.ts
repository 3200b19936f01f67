import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { startAgentScene, untilState } from '../../system/harness/agent-before.ts'
import { cleanEnvironment } from '../../system/harness/clean-environment.ts'
import { runCommand } from '../../system/harness/run-command.ts'
import { ROOT } from '../../system/harness/start-gateway.ts'
import {
  agentComposeFolder,
  composeFolders,
  composePath,
  fillIn,
  hasComposeSchema,
  readServices,
  schemaProblems,
} from './compose-files.ts'
import { startContainer } from './start-container.ts'

describe.each(composeFolders)('the compose file of %s', (folder) => {
  const services = readServices(folder)
  const gateway = services['gateway'] ?? services['corral-ollama']

  it('is one by the schema of the compose specification', (context) => {
    if (!hasComposeSchema) context.skip('deploy tools are not installed')
    expect(schemaProblems(composePath(folder))).toEqual([])
    const broken = join(tempFolder(), 'compose.yaml')
    writeFileSync(broken, readFileSync(composePath(folder), 'utf8').replace('read_only:', 'readonly:'))
    expect(schemaProblems(broken)).toEqual([expect.stringContaining('must NOT have additional properties')])
  })

  it('builds from a Dockerfile that is there, mounts files that are there, and keeps what it has', () => {
    const { context = '', dockerfile = '' } = gateway?.build ?? {}
    expect(join(dirname(composePath(folder)), context)).toBe(`${ROOT}/`.replace(/\/$/, ''))
    expect(existsSync(join(ROOT, dockerfile))).toBe(true)
    for (const { volumes = [] } of Object.values(services)) {
      for (const source of volumes.map((volume) => volume.split(':')[0] ?? '')) {
        if (source.startsWith('.')) expect(existsSync(join(dirname(composePath(folder)), source))).toBe(true)
      }
    }
    expect(gateway).toMatchObject({ read_only: true, restart: 'unless-stopped' })
    expect(gateway?.volumes).toContain('data:/data')
  })

  it('publishes the gateway alone, on loopback unless told otherwise', () => {
    const published = Object.values(services).flatMap(({ ports = [] }) => ports)
    expect(published).toEqual(gateway?.ports)
    expect(fillIn(published[0] ?? '', {})).toMatch(/^127\.0\.0\.1:(\d+):\1$/)
  })
})

describe('the compose file of an agent', () => {
  const services = readServices(agentComposeFolder)
  const folder = dirname(composePath(agentComposeFolder))

  it('is one by the schema of the compose specification', (context) => {
    if (!hasComposeSchema) context.skip('deploy tools are not installed')
    expect(schemaProblems(composePath(agentComposeFolder))).toEqual([])
  })

  it('builds from the Dockerfile of the gateway, publishes nothing, and may write nothing', () => {
    const { build } = readServices('host-ollama')['gateway'] ?? {}
    expect(services['agent']).toMatchObject({ build, command: ['agent'], read_only: true, restart: 'unless-stopped' })
    for (const { ports } of Object.values(services)) expect(ports).toBeUndefined()
  })

  it('is refused until .env says which gateway, which key and which id', () => {
    const { environment = {} } = services['agent'] ?? {}
    const fill = (dotEnv: Record<string, string>): string[] =>
      Object.values(environment).map((value) => fillIn(value, dotEnv))
    const example = parseEnv(readFileSync(join(folder, '.env.example'), 'utf8')) as Record<string, string>
    expect(Object.keys(example).filter((name) => !(name in environment))).toEqual([])
    expect(() => fill(example)).toThrow('AUTH_TOKEN: write it into .env')
    expect(() => fill({ ...example, AUTH_TOKEN: 'key' })).toThrow('AGENT_ID: write it into .env')
    expect(() => fill({ AUTH_TOKEN: 'key', AGENT_ID: 'a' })).toThrow('SERVER_URL: write it into .env')
  })

  it('starts an agent that serves the Ollama of the file', async () => {
    await using scene = await startAgentScene()
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
    const { environment = {}, command = [] } = services['agent'] ?? {}
    const dotEnv = { SERVER_URL: scene.gateway.url, AUTH_TOKEN: scene.agentKey, AGENT_ID: 'composed' }
    const filled = Object.entries(environment).map(([name, value]) => [name, fillIn(value, dotEnv)])
    expect(Object.keys(services)).toContain(new URL(environment['OLLAMA_URL'] ?? '').hostname)
    const path = [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter)
    const env = { ...cleanEnvironment(), ...Object.fromEntries(filled), PATH: path, OLLAMA_URL: fake.url }
    const child = spawn(join(ROOT, 'deploy/docker/bin/corral'), command, { cwd: tempFolder(), env, stdio: 'ignore' })
    onTestFinished(() => void child.kill('SIGKILL'))
    await untilState(scene.gateway, 'composed', 'up')
    child.kill('SIGTERM')
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  })
})

interface Terms {
  readonly dotEnv: Readonly<Record<string, string>>
  readonly folder?: string
}

/** The gateway with the environment that the compose file makes of a `.env`; the address to listen on is the test's. */
async function startComposed({ dotEnv, folder = tempFolder() }: Terms): Promise<string> {
  const { environment = {} } = readServices('host-ollama')['gateway'] ?? {}
  const filled = Object.entries(environment).map(([name, value]) => [name, fillIn(value, dotEnv)])
  const path = [join(ROOT, 'deploy/docker/bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter)
  const env = { ...cleanEnvironment(), ...Object.fromEntries(filled), PATH: path, CORRAL_LISTEN: '127.0.0.1:0' }
  const child = spawn(join(ROOT, 'deploy/docker/bin/corral'), ['serve'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()))
  const ready = /^corral ready (http\S+)$/m
  await vi.waitFor(() => expect(output).toMatch(ready), { timeout: 15_000, interval: 20 })
  return ready.exec(output)?.[1] ?? ''
}

async function callModel(url: string, key?: string): Promise<{ status: number; body: unknown }> {
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const body = JSON.stringify({ model: 'tiny', prompt: 'hello' })
  const answer = await fetch(`${url}/call_model`, { method: 'POST', headers, body })
  return { status: answer.status, body: await answer.json() }
}

describe('POST /call_model through the environment of the compose file', () => {
  it('takes the AUTH_TOKEN of .env and no other', async () => {
    await using fake = await startFakeOllama()
    const url = await startComposed({ dotEnv: { AUTH_TOKEN: 'from-dot-env', OLLAMA_URL: fake.url } })
    expect(await callModel(url, 'from-dot-env')).toMatchObject({ status: 200, body: { done: true } })
    expect(await callModel(url, 'another')).toMatchObject({ status: 401 })
    expect(await callModel(url)).toMatchObject({ status: 401 })
  })

  it('takes a salted key file in the volume', async () => {
    await using fake = await startFakeOllama()
    const folder = tempFolder()
    const digest = createHash('sha256').update('annas-key@separator@pepper-and-salt').digest('hex')
    writeFileSync(join(folder, 'keys.txt'), `${digest}\n`)
    const dotEnv = { API_KEY_FILE: 'keys.txt', API_KEY_SALT: 'pepper-and-salt', KEY_REFRESH: '1', OLLAMA_URL: fake.url }
    const url = await startComposed({ dotEnv, folder })
    expect(await callModel(url, 'annas-key')).toMatchObject({ status: 200, body: { done: true } })
    expect(await callModel(url, digest)).toMatchObject({ status: 401 })
  })
})

it('the all-in-one file hands over what the entrypoint needs, and is refused without', async () => {
  const { environment = {} } = readServices('all-in-one')['corral-ollama'] ?? {}
  const filled = (dotEnv: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, fillIn(value, dotEnv)]))
  const example = parseEnv(readFileSync(join(dirname(composePath('all-in-one')), '.env.example'), 'utf8')) as Record<
    string,
    string
  >
  expect(() => filled(example)).toThrow('AUTH_TOKEN: write it into .env')
  const container = await startContainer({ env: filled({ ...example, AUTH_TOKEN: 'a-token' }) })
  await container.said(`models ready: ${example['OLLAMA_MODEL']}`)
})

it('the config of the two Ollamas names the services of the file', async () => {
  const config = join(ROOT, 'deploy/compose/two-ollamas/gateway.yaml')
  expect(
    await runCommand(join(ROOT, 'src/main.ts'), ['config', 'check', '--config', config], { folder: tempFolder() }),
  ).toMatchObject({ code: 0 })
  const hosts = [...readFileSync(config, 'utf8').matchAll(/http:\/\/([\w-]+):11434/g)].map(([, host]) => host)
  expect(hosts).toEqual(Object.keys(readServices('two-ollamas')).filter((name) => name !== 'gateway'))
})
