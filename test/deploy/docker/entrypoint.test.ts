import { beforeEach, describe, expect, it } from 'vitest'
import { loggedExchange } from '../../system/harness/request-log.ts'
import { readStream } from '../../system/harness/stream-client.ts'
import { hasProcFolder, startContainer, type Container } from './start-container.ts'

const TOKEN = 'a-token-for-everybody'
const env = { AUTH_TOKEN: TOKEN, OLLAMA_MODEL: 'qwen3:8b' }
const authorization = `Bearer ${TOKEN}`

beforeEach((context) => {
  if (!hasProcFolder) context.skip('/proc is not there')
})

function ask({ url }: Container, path: string, body?: unknown): Promise<Response> {
  const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  return fetch(url + path, { headers: { authorization, 'content-type': 'application/json' }, ...post })
}

/** The gateway is up and knows of the model. */
function served(container: Container): Promise<void> {
  const list = (): Promise<string> =>
    ask(container, '/api/tags')
      .then((answer) => answer.text())
      .catch(String)
  return expect.poll(list, { timeout: 15_000 }).toContain('qwen3:8b')
}

/** Nobody of the container is left, at the latest a moment after it. */
async function nobodyIsLeft(container: Container): Promise<void> {
  await expect.poll(() => container.processes(), { timeout: 3_000, interval: 20 }).toEqual([])
}

/** An endless stream through the gateway, with its first bytes there. */
async function startStream(container: Container, tokens: number): Promise<{ ended: ReturnType<typeof readStream> }> {
  let begin = (): void => undefined
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const body = { model: 'qwen3:8b', prompt: 'hello', options: { num_predict: tokens } }
  const headers = { authorization, 'x-request-id': 'the-stream' }
  const ended = readStream(`${container.url}/api/generate`, { headers, body, onChunk: () => begin() })
  await Promise.race([begun, ended])
  return { ended }
}

describe('the all-in-one container', () => {
  it('pulls the model with progress in the log, is well meanwhile, and answers /call_model with the token only', async () => {
    const size = 4_000_000
    const container = await startContainer({
      env,
      ollama: { registry: { 'qwen3:8b': size }, pullBytesPerSecond: size / 2 },
    })
    await container.said('pulling qwen3:8b: 25 % of 4 MB')
    await expect
      .poll(
        () =>
          ask(container, '/livez').then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 10_000 },
      )
      .toBe(200)
    expect(container.log()).not.toContain('models ready')
    await container.said('corral-ollama: models ready: qwen3:8b\n')
    expect(container.log().match(/^corral-ollama: pulling .*$/gm)).toEqual([
      'corral-ollama: pulling qwen3:8b: pulling manifest',
      ...[0, 25, 50, 75, 100].map((percent) => `corral-ollama: pulling qwen3:8b: ${percent} % of 4 MB`),
      'corral-ollama: pulling qwen3:8b: verifying sha256 digest',
      'corral-ollama: pulling qwen3:8b: writing manifest',
    ])
    const call = { model: 'qwen3:8b', prompt: 'hello' }
    await expect.poll(async () => (await ask(container, '/call_model', call)).status, { timeout: 10_000 }).toBe(200)
    expect(await (await ask(container, '/call_model', call)).json()).toMatchObject({ done: true, model: 'qwen3:8b' })
    const stranger = await fetch(`${container.url}/call_model`, { method: 'POST', body: JSON.stringify(call) })
    expect(stranger.status).toBe(401)
    expect(container.log()).not.toContain(TOKEN)
    container.signal('SIGTERM')
    expect(await container.exited).toBe(0)
    await nobodyIsLeft(container)
  })

  it('keeps Ollama on loopback and the token from it, whatever OLLAMA_HOST says', async () => {
    const container = await startContainer({ env: { ...env, OLLAMA_HOST: '0.0.0.0', OLLAMA_PORT: '47113' } })
    await container.said('Ollama listens on 127.0.0.1:47113 only')
    await container.said('models ready: qwen3:8b')
    const { environment } = container.facts()
    expect(environment['OLLAMA_HOST']).toBe('127.0.0.1:47113')
    expect(Object.values(environment).join(' ')).not.toContain(TOKEN)
  })

  it('lets a running stream end at SIGTERM before Ollama goes', async () => {
    const container = await startContainer({ env, ollama: { models: [{ name: 'qwen3:8b' }], tokensPerSecond: 50 } })
    await container.said('models ready: qwen3:8b')
    await served(container)
    const { ended } = await startStream(container, 50)
    container.signal('SIGTERM')
    const answer = await ended
    expect(answer).toMatchObject({ status: 200, ending: 'complete' })
    expect(answer.events.at(-1)?.text).toContain('"done":true')
    expect(await container.exited).toBe(0)
    expect(await loggedExchange(container.folder, 'the-stream')).toMatchObject({ ending: 'complete' })
    await nobodyIsLeft(container)
  })

  it('does not wait for streams any more at a second signal', async () => {
    const container = await startContainer({ env, ollama: { models: [{ name: 'qwen3:8b' }], tokensPerSecond: 50 } })
    await container.said('models ready: qwen3:8b')
    await served(container)
    const { ended } = await startStream(container, 100_000)
    container.signal('SIGTERM')
    await container.said('Stopping: no new connections')
    container.signal('SIGTERM')
    expect((await ended).ending).toBe('broken')
    expect(await container.exited).toBe(143)
    await nobodyIsLeft(container)
  })

  it('ends with the code of an Ollama that was killed, and takes its runner and Corral along', async () => {
    const container = await startContainer({ env })
    await container.said('models ready: qwen3:8b')
    const { pid, runner } = container.facts()
    expect(container.processes()).toContain(runner)
    process.kill(pid, 'SIGKILL')
    expect(await container.exited).toBe(137)
    expect(container.log()).toContain('corral-ollama: ollama was ended by SIGKILL: the container ends\n')
    await nobodyIsLeft(container)
  })

  it('ends when Corral was killed, and takes Ollama along', async () => {
    const container = await startContainer({ env })
    await container.said('models ready: qwen3:8b')
    process.kill(container.corralPid(), 'SIGKILL')
    expect(await container.exited).toBe(137)
    expect(container.log()).toContain('corral-ollama: corral was ended by SIGKILL: the container ends\n')
    await nobodyIsLeft(container)
  })

  it('ends with the line and the code of a Corral that does not start', async () => {
    const container = await startContainer({ env: { ...env, CORRAL_DRAIN: 'soon' } })
    expect(await container.exited).toBeGreaterThan(0)
    expect(container.log()).toMatch(/CORRAL_DRAIN.*soon|drain.*CORRAL_DRAIN/)
    await nobodyIsLeft(container)
  })

  it('says so when there is no ollama in PATH', async () => {
    const container = await startContainer({ env, bare: true })
    expect(await container.exited).toBe(127)
    expect(container.log()).toContain('corral-ollama: ollama is not in PATH: the container ends\n')
    await nobodyIsLeft(container)
  })

  it('ends with 1 and one line of its own where the model does not exist', async () => {
    const container = await startContainer({ env: { ...env, OLLAMA_MODEL: 'tiny, missing:7b' } })
    expect(await container.exited).toBe(1)
    expect(container.log()).toContain('corral-ollama: tiny is there\n')
    expect(container.log().match(/^corral-ollama: cannot.*$/gm)).toEqual([
      'corral-ollama: cannot pull missing:7b: pull model manifest: file does not exist; check OLLAMA_MODEL, the network and the space in the volume',
    ])
    await nobodyIsLeft(container)
  })

  it('serves a model that is in the volume when it cannot be pulled', async () => {
    const models = [{ name: 'qwen3:8b' }]
    const container = await startContainer({ env, ollama: { models, registry: {} } })
    await container.said('models ready: qwen3:8b')
    expect(container.log()).toContain('corral-ollama: warning: cannot update qwen3:8b: ')
    await served(container)
  })

  it('stops in the middle of a pull', async () => {
    const container = await startContainer({ env, ollama: { pullBytesPerSecond: 1 } })
    await container.said('pulling qwen3:8b: 0 %')
    await container.said('corral ready')
    container.signal('SIGTERM')
    expect(await container.exited).toBe(0)
    await nobodyIsLeft(container)
  })

  it('listens where CORRAL_LISTEN says rather than at PORT', async () => {
    const container = await startContainer({ env: { ...env, CORRAL_LISTEN: '127.0.0.1:0' } })
    await container.said(/^corral ready http:\/\/127\.0\.0\.1:\d+$/m)
    await expect(fetch(container.url)).rejects.toThrow('fetch failed')
  })
})

describe('an environment that cannot be', () => {
  const both = { AUTH_TOKEN: '', OLLAMA_MODEL: '' }
  it.each([
    ['both are missing', both, 'AUTH_TOKEN .* and OLLAMA_MODEL .* are not set: pass them with "docker run -e" .*'],
    ['no token', { ...env, AUTH_TOKEN: '' }, 'AUTH_TOKEN \\(.*\\) is not set: .*'],
    ['no model', { ...env, OLLAMA_MODEL: ' , ' }, 'OLLAMA_MODEL \\(.*\\) is not set: .*'],
    ['two tokens', { ...env, AUTH_TOKEN_FILE: '/run/secrets/t' }, 'AUTH_TOKEN and AUTH_TOKEN_FILE are both set: .*'],
    ['a wrong port', { ...env, PORT: 'http' }, 'PORT is "http": it should be a port from 1 to 65535'],
    ['one port for two', { ...env, PORT: '11434', OLLAMA_HOST: '' }, 'PORT is 11434, where Ollama listens .*'],
  ])('%s: one line, and exit code 1', async (_name, given, line) => {
    const container = await startContainer({ env: given })
    expect(await container.exited).toBe(1)
    expect(container.log()).toMatch(new RegExp(`^corral-ollama: ${line}\n$`))
    await nobodyIsLeft(container)
  })
})
