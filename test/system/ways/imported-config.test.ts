import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startFakeProvider } from '../../fakes/fake-provider/fake-provider.ts'
import { bodyOf, credentialOf } from '../../fakes/fake-provider/received-request.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { corralIn } from '../cli/corral.ts'
import { startGateway } from '../harness/start-gateway.ts'
import { readStream } from '../harness/stream-client.ts'

const PROVIDER_KEY = 'sk-key-of-the-provider-alone'

interface Ports {
  readonly big: number
  readonly small: number
  readonly far: number
}

/** As such a file looks: defaults, environments that inherit, servers by name. */
const railsConfig = ({ big, small, far }: Ports): string => `
default: &default
  proxy_port: 11434
  servers:
    high_performance:
      host: "127.0.0.1"
      port: ${big}
      name: "high_performance"
      priority: 1
      max_memory_gb: null
      enabled: true
    legacy:
      host: "127.0.0.1"
      port: ${small}
      name: "legacy"
      priority: 2
      max_memory_gb: 8
      enabled: true
  external_hosts:
    openai:
      host: "127.0.0.1"
      port: ${far}
      protocol: "http"
      api_key_env: "IMPORTED_OPENAI_KEY"
      name: "openai"
      enabled: true
    anthropic:
      host: "api.anthropic.com"
      port: 443
      protocol: "https"
      api_key_env: "IMPORTED_ANTHROPIC_KEY"
      enabled: false
  model_config:
    explicit_assignments:
      "gpt-4": "openai"
      "claude-3-haiku": "anthropic"
      "tinythink": "legacy"
    memory_patterns:
      - pattern: ".*-7b.*"
        memory_gb: 4.5
    cache_ttl_seconds: 3600
  health_check_interval: 1
  logging:
    enabled: true
    level: "info"

development:
  <<: *default

production:
  <<: *default
`

it('an imported Rails config is served as it was, with keys in front', async () => {
  await using big = await startFakeOllama()
  await using small = await startFakeOllama()
  await using far = await startFakeProvider({ key: PROVIDER_KEY, models: ['gpt-4', 'gpt-4o'] })
  const folder = tempFolder()
  const env = { IMPORTED_OPENAI_KEY: PROVIDER_KEY }
  const corral = corralIn(folder, env)
  const ports = { big: big.port, small: small.port, far: far.port }
  writeFileSync(join(folder, 'ollama_proxy.yml'), railsConfig(ports))
  expect(await corral('import', 'ollama_proxy.yml')).toMatchObject({ code: 0, stdout: '' })
  expect(await corral('config', 'check')).toMatchObject({ code: 0 })

  await using gateway = await startGateway({ folder, env, args: ['--config', join(folder, 'corral.yaml')] })
  const key = await gateway.createKey()
  const headers = { authorization: `Bearer ${key}` }
  const chat = (model: string) => ({ model, messages: [{ role: 'user', content: 'Say hello.' }], stream: false })

  // The better priority, and the server that a model is assigned to.
  for (const [model, upstream] of [
    ['tiny', 'high_performance'],
    ['tinythink', 'legacy'],
  ] as const) {
    const answer = await readStream(`${gateway.url}/api/chat`, { body: chat(model), headers })
    expect([answer.status, answer.headers['corral-upstream']]).toEqual([200, upstream])
  }

  const external = await readStream(`${gateway.url}/v1/chat/completions`, { body: chat('gpt-4'), headers })
  expect([external.status, external.headers['corral-upstream']]).toEqual([200, 'openai'])
  expect(far.asked().map((request) => [request.target, credentialOf(request), bodyOf(request)['model']])).toEqual([
    ['/v1/chat/completions', PROVIDER_KEY, 'gpt-4'],
  ])
  expect(far.bytes().toString('latin1')).not.toContain(key)

  // A model of the provider that nobody assigned does not leave the house.
  const other = await readStream(`${gateway.url}/v1/chat/completions`, { body: chat('gpt-4o'), headers })
  expect(other.status).toBe(404)
  expect(far.asked()).toHaveLength(1)

  const stranger = await readStream(`${gateway.url}/v1/chat/completions`, { body: chat('gpt-4') })
  expect(stranger.status).toBe(401)
  expect(gateway.stderr()).not.toContain(PROVIDER_KEY)
})
