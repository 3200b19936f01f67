import { spawn } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { cleanEnvironment } from '../harness/clean-environment.ts'
import { productCommand } from '../harness/product-command.ts'
import { startGateway } from '../harness/start-gateway.ts'
import { readStream } from '../harness/stream-client.ts'
import { corralIn, underway } from './corral.ts'

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 5000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within 5 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

function asBearer(key: string): { headers: { authorization: string } } {
  return { headers: { authorization: `Bearer ${key}` } }
}

describe('the first start', () => {
  it('prints the ready line alone on stdout, and key and hints on stderr, once', async () => {
    await using fake = await startFakeOllama()
    const folder = tempFolder()
    const upstreams = [{ name: 'local', url: fake.url }]
    await using first = await startGateway({ folder, config: { upstreams } })
    expect(first.stdout()).toBe(`corral ready ${first.url}\n`)
    expect(first.adminKey).not.toBe('')
    const said = first.stderr()
    expect(said).toContain(`export OLLAMA_HOST=${first.url}/k/${first.adminKey}\n`)
    expect(said).toContain(`${first.url}/console/\n`)
    expect(said).toContain(`export OPENAI_BASE_URL=${first.url}/v1\n`)
    expect(said).toContain(`curl ${first.url}/api/tags -H 'Authorization: Bearer ${first.adminKey}'\n`)
    expect(said).toContain(`Found Ollama 0.24.0 at ${fake.url} with 2 models`)
    expect((await fetch(`${first.url}/api/tags`, asBearer(first.adminKey))).status).toBe(200)
    expect((await fetch(`${first.url}/k/${first.adminKey}/api/tags`)).status).toBe(200)
    expect(await first.stop()).toBe(0)

    await using second = await startGateway({ folder, config: { upstreams } })
    expect(second.stderr()).not.toContain('crl_')
    expect((await fetch(`${second.url}/api/tags`, asBearer(first.adminKey))).status).toBe(200)
  })

  it('makes a key with every scope but agent', async () => {
    await using gateway = await startGateway()
    const keys = JSON.parse((await gateway.cli('key', 'list', '--json')).stdout) as { user: string; scopes: string[] }[]
    expect(keys).toMatchObject([
      { user: 'admin', scopes: ['chat', 'embed', 'models:read', 'models:write', 'admin', 'metrics'] },
    ])
  })

  it('makes no key where there is a shared token already', async () => {
    await using fake = await startFakeOllama()
    const config = { upstreams: [{ name: 'a', url: fake.url }] }
    await using gateway = await startGateway({ config, env: { AUTH_TOKEN: 'a-token-of-theirs' } })
    expect(gateway.stderr()).not.toContain('crl_')
    expect((await fetch(`${gateway.url}/api/tags`, asBearer('a-token-of-theirs'))).status).toBe(200)
  })

  it('says that there is no Ollama yet and serves it once there is one', async () => {
    const { port } = await freePort()
    await using gateway = await startGateway({
      config: { upstreams: [{ name: 'late', url: `http://127.0.0.1:${port}` }], routing: { health_interval: '200ms' } },
    })
    expect(gateway.stderr()).toContain(`No Ollama at http://127.0.0.1:${port} yet`)
    await using _fake = await startFakeOllama({ port })
    const body = { model: 'tiny', prompt: 'hello', stream: false }
    await until(async () => {
      const answer = await readStream(`${gateway.url}/api/generate`, { body, ...asBearer(gateway.adminKey) })
      return answer.status === 200
    }, 'the Ollama that appeared is used')
  })
})

async function freePort(): Promise<{ port: number }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return { port }
}

describe('a start that cannot be', () => {
  it('says in one sentence that the port is taken, and leaves no key that nobody saw', async () => {
    const server = createServer()
    onTestFinished(() => void server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const corral = corralIn()
    const { code, stdout, stderr } = await corral('serve', '--listen', address)
    expect([code, stdout]).toEqual([1, ''])
    const sentences = stderr.split('\n').filter((line) => line.startsWith('corral: '))
    expect(sentences).toEqual([expect.stringContaining(`Cannot listen on ${address}: the port is taken`)])
    expect(stderr).not.toContain('crl_')
    expect(await corral.json('key', 'list')).toEqual([])
  })

  it.each([
    ['192.0.2.1:0', 'Cannot listen on 192.0.2.1: this machine has no such address'],
    ['no-such-host.invalid:0', 'Cannot listen on no-such-host.invalid: there is no such host'],
  ])('says what is wrong with %s', async (address, sentence) => {
    const { code, stdout, stderr } = await corralIn()('serve', '--listen', address)
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(`corral: ${sentence}`)
    expect(stderr).not.toMatch(/^ +at /m)
  })

  it('names what is wrong with the config', async () => {
    const corral = corralIn()
    writeFileSync(join(corral.folder, 'corral.yaml'), 'listen: nonsense:port\n')
    const { code, stdout, stderr } = await corral('serve')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^corral: corral\.yaml:1:9: listen .*\n$/)
  })

  it('says what is wrong with a store that is none', async () => {
    const corral = corralIn()
    writeFileSync(join(corral.folder, 'corral.db'), 'this is not a database, whatever its name says\n'.repeat(50))
    const { code, stdout, stderr } = await corral('serve', '--listen', '127.0.0.1:0')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^corral: .*corral\.db.*\n$/)
  })
})

describe('signals', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s lets a running answer end and exits with 0', async (signal) => {
    await using fake = await startFakeOllama({ tokensPerSecond: 20, answerTokens: 10 })
    await using gateway = await startGateway({ config: { upstreams: [{ name: 'a', url: fake.url }] } })
    const body = { model: 'tiny', prompt: 'hello' }
    const answer = await underway(`${gateway.url}/api/generate`, { body, ...asBearer(gateway.adminKey) })
    expect(await gateway.stop(signal)).toBe(0)
    expect((await answer.result).text).toContain('"done":true')
  })

  it('a second one does not wait', async () => {
    await using fake = await startFakeOllama({ tokensPerSecond: 5, answerTokens: 1000 })
    await using gateway = await startGateway({ config: { upstreams: [{ name: 'a', url: fake.url }] } })
    const body = { model: 'tiny', prompt: 'hello' }
    const answer = await underway(`${gateway.url}/api/generate`, { body, ...asBearer(gateway.adminKey) })
    const exited = gateway.stop('SIGTERM')
    await until(() => gateway.stderr().includes('Stopping'), 'it is stopping')
    const asked = performance.now()
    void gateway.stop('SIGTERM')
    expect(await exited).toBe(143)
    expect(performance.now() - asked).toBeLessThan(2000)
    expect((await answer.result).ending).toBe('broken')
  })
})

describe('a changed config', () => {
  async function startWith(
    fakeUrl: string,
    text = `listen: 127.0.0.1:0\nupstreams: [{name: a, url: "${fakeUrl}"}]\n`,
  ): Promise<{ path: string; write(text: string): void; child: Serve }> {
    const path = join(tempFolder(), 'corral.yaml')
    // The way editors write: a new file under the old name.
    const write = (text: string): void => {
      writeFileSync(`${path}.new`, text)
      renameSync(`${path}.new`, path)
    }
    write(text)
    return { path, write, child: await serve(path) }
  }

  it('is taken over when the file changes; a bad one is refused whole and told', async () => {
    await using one = await startFakeOllama({ models: [{ name: 'one' }] })
    await using two = await startFakeOllama({ models: [{ name: 'two' }] })
    const { write, child } = await startWith(one.url)
    const names = async (): Promise<string[]> => {
      const answer = await fetch(`${child.url}/api/tags`, asBearer(child.key))
      return ((await answer.json()) as { models: { name: string }[] }).models.map((model) => model.name)
    }
    await until(async () => (await names()).join() === 'one:latest', 'the first upstream is listed')
    write(`listen: 127.0.0.1:0\nupstreams: [{name: b, url: "${two.url}"}]\n`)
    await until(async () => (await names()).join() === 'two:latest', 'the second upstream is listed')
    write('upstreams: nonsense\n')
    await until(() => child.stderr().includes('The config was not taken over'), 'the refusal is logged')
    expect(await names()).toEqual(['two:latest'])
    write(`listen: 127.0.0.1:0\nupstreams: [{name: a, url: "${one.url}"}]\n`)
    await until(async () => (await names()).join() === 'one:latest', 'the first upstream is back')
  })

  it('is taken over on SIGHUP, and says what needs a restart', async () => {
    await using fake = await startFakeOllama()
    const { write, child } = await startWith(fake.url)
    write(`listen: 127.0.0.1:1\nupstreams: [{name: a, url: "${fake.url}"}]\n`)
    child.hangUp()
    await until(() => child.stderr().includes('needs a restart'), 'the restart is asked for')
    expect(child.stderr()).toContain('"settings":["listen"]')
    expect((await fetch(`${child.url}/api/tags`, asBearer(child.key))).status).toBe(200)
  })

  it('has its warnings logged, at the start and when it is taken over', async () => {
    await using fake = await startFakeOllama()
    const upstreams = `[{name: a, url: "${fake.url}"}, {name: b, url: "http://x", enabled: off}]`
    const config = (models: string): string => `listen: 127.0.0.1:0\nupstreams: ${upstreams}\nmodels: ${models}\n`
    const { write, child } = await startWith(fake.url, config('{assignments: {tiny: [b]}}'))
    expect(child.stderr()).toContain('"warning":"models.assignments.tiny names only b, which is not enabled"')
    write(config('{desired: {b: [tiny]}}'))
    const later = '"warning":"models.desired.b names only b, which is not enabled"'
    await until(() => child.stderr().includes(later), 'the warning is logged')
  })
})

interface Serve {
  readonly url: string
  readonly key: string
  stderr(): string
  hangUp(): void
}

async function serve(path: string): Promise<Serve> {
  const command = productCommand(['serve', '--config', path])
  const child = spawn(command.program, command.args, {
    env: { ...cleanEnvironment(), ...command.env },
    cwd: join(path, '..'),
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()))
  await until(() => stdout.includes('\n') && stderr.includes('crl_'), `the gateway is ready:\n${stderr}`)
  return {
    url: stdout.replace('corral ready ', '').trim(),
    key: /crl_\w+/.exec(stderr)?.[0] ?? '',
    stderr: () => stderr,
    hangUp: () => void child.kill('SIGHUP'),
  }
}
