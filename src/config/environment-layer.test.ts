import { describe, expect, it } from 'vitest'
import { configFolder } from './__fixtures__/config-folder.ts'
import { environmentName } from './environment-layer.ts'
import { scalarSettings } from './schema.ts'

const load = (env: Record<string, string>, yaml?: string) => configFolder(yaml).load({ env })

describe('environmentName', () => {
  it('is another one for each setting', () => {
    const names = scalarSettings().map(({ path }) => environmentName(path))
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(
      expect.arrayContaining(['CORRAL_LISTEN', 'CORRAL_LOG_LEVEL', 'CORRAL_STORE_URL', 'CORRAL_AUTH_KEY_FILE']),
    )
    expect(names).not.toContain('CORRAL_CONFIG')
  })
})

describe('variables', () => {
  it('are read as what the setting is', async () => {
    const { settings } = await load({
      CORRAL_LISTEN: '127.0.0.1:0, [::1]:0',
      CORRAL_TRUSTED_PROXIES: '10.0.0.0/8,::1',
      CORRAL_AUTH_PATH_KEYS: 'false',
      CORRAL_LIMITS_BODY: '1048576',
      CORRAL_ROUTING_RETRY_BUDGET: '0.1',
      CORRAL_LOG_REQUESTS: 'off',
      CORRAL_PEPPER: 'pepper',
    })
    expect(settings.http.listen).toEqual([
      { host: '127.0.0.1', port: 0 },
      { host: '::1', port: 0 },
    ])
    expect(settings.http.trustedProxies).toEqual(['10.0.0.0/8', '::1'])
    expect(settings.auth.pathKeys).toBe(false)
    expect(settings.http.bodyBytes).toBe(2 ** 20)
    expect(settings.routing.retryBudget).toBe(0.1)
    expect(settings.log.requests).toBeNull()
    expect(settings.store.pepper?.reveal()).toBe('pepper')
  })

  it('of other tools mean what they meant there', async () => {
    const { settings } = await load({
      AUTH_TOKEN: 'shared',
      AUTH_TOKEN_SCOPES: 'chat, embed',
      API_KEY_FILE: '/keys.txt',
      API_KEY_SALT: 'salt',
      KEY_REFRESH: '2.5',
      CACHE_TTL: '600',
      EXTERNAL_PORT: '8000',
    })
    expect(settings.http.listen).toEqual([{ host: '0.0.0.0', port: 8000 }])
    expect(settings.auth).toMatchObject({ keyFile: '/keys.txt', keyRefreshMs: 2500, tokenScopes: ['chat', 'embed'] })
    expect([settings.auth.token?.reveal(), settings.auth.keySalt?.reveal()]).toEqual(['shared', 'salt'])
    expect(settings.cache).toMatchObject({ ttlMs: 600_000, mode: 'off' })
  })

  it('of another cache may have a unit, and are refused by name where they are no time', async () => {
    expect((await load({ CACHE_TTL: '2m', CORRAL_CACHE_MODE: 'all' })).settings.cache.ttlMs).toBe(120_000)
    for (const CACHE_TTL of ['0', 'for ever'])
      expect(await configFolder().problems({ env: { CACHE_TTL } })).toEqual([
        expect.stringMatching(/^CACHE_TTL: cache\.ttl is ".*" and should be a duration/),
      ])
  })

  it('of our own go before those of other tools', async () => {
    const { settings, sources } = await load({
      EXTERNAL_PORT: '8000',
      CORRAL_LISTEN: '127.0.0.1:1',
      AUTH_TOKEN: 'a',
      CORRAL_AUTH_TOKEN: 'b',
    })
    expect(settings.http.listen).toEqual([{ host: '127.0.0.1', port: 1 }])
    expect(settings.auth.token?.reveal()).toBe('b')
    expect(sources.get('auth.token')).toEqual({ value: '[redacted]', source: 'env', detail: 'CORRAL_AUTH_TOKEN' })
  })

  it('of Ollama count only where no upstreams are configured', async () => {
    const found = await load({ OLLAMA_HOST: 'gpu:8080' })
    expect(found.settings.upstreams).toMatchObject([{ name: 'ollama', url: 'http://gpu:8080' }])
    expect(found.sources.get('upstreams[0].url')).toEqual({
      value: 'http://gpu:8080',
      source: 'env',
      detail: 'OLLAMA_HOST',
    })
    expect((await load({ OLLAMA_HOST: 'gpu:8080' }, 'upstreams: []')).settings.upstreams).toEqual([])
  })

  it('of Ollama that lead to the gateway itself are passed over', async () => {
    for (const host of ['http://127.0.0.1:11435/k/crl_x', 'localhost:11435', '0.0.0.0:11435']) {
      expect((await load({ OLLAMA_HOST: host })).settings.upstreams[0]?.url).toBe('http://127.0.0.1:11434')
    }
    const elsewhere = await load({ OLLAMA_HOST: '127.0.0.1:11435', CORRAL_LISTEN: '127.0.0.1:0' })
    expect(elsewhere.settings.upstreams[0]?.url).toBe('http://127.0.0.1:11435')
  })

  it('of Ollama that are no URL are refused by name', async () => {
    expect(await configFolder().problems({ env: { OLLAMA_HOST: 'h/?x=1' } })).toEqual([
      'OLLAMA_HOST: upstreams[0].url is "http://h:11434/?x=1" and should be a URL such as http://10.0.0.5:11434, without query',
    ])
  })
})

describe('the variables of OpenTelemetry', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }

  it('say where spans go, under which name, and which of them', async () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example/otlp/',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b, authorization=Bearer%20x',
      OTEL_SERVICE_NAME: 'door',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    }
    const { traces } = (await configFolder().load({ env })).settings
    expect(traces).toMatchObject({
      url: 'https://collector.example/otlp/v1/traces',
      serviceName: 'door',
      sampler: 'parentbased_traceidratio',
      ratio: 0.25,
    })
    expect(traces?.headers.map(([name, value]) => [name, value.reveal()])).toEqual([
      ['x-tenant', 'a b'],
      ['authorization', 'Bearer x'],
    ])
  })

  it('of traces alone go before those of everything, as they are', async () => {
    const own = {
      ...endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a,x-more=b',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-tenant=c',
    }
    const tracesFor = async (url: string) =>
      (await load({ ...own, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url })).settings.traces
    const exact = await tracesFor('https://collector.example/take/these?tenant=a')
    expect(exact?.url).toBe('https://collector.example/take/these?tenant=a')
    expect(exact?.headers.map(([name, value]) => [name, value.reveal()])).toEqual([['x-tenant', 'c']])
    expect((await tracesFor('http://127.0.0.1:4318'))?.url).toBe('http://127.0.0.1:4318/')
    const alone = await load({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' })
    expect(alone.settings.traces?.url).toBe('http://127.0.0.1:4318/v1/traces')
  })

  it('send nothing without an endpoint, or where the SDK is disabled', async () => {
    const { load } = configFolder()
    expect((await load({ env: { OTEL_SERVICE_NAME: 'door' } })).settings.traces).toBeNull()
    expect((await load({ env: { ...endpoint, OTEL_SDK_DISABLED: 'TRUE' } })).settings.traces).toBeNull()
    expect((await load({ env: { ...endpoint, OTEL_SDK_DISABLED: 'no' } })).settings.traces).not.toBeNull()
  })

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '127.0.0.1:4318' }, /OTEL_EXPORTER_OTLP_ENDPOINT.*should be an http or https URL/],
    [
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://a:b@c/' },
      /OTEL_EXPORTER_OTLP_TRACES_ENDPOINT.*without credentials/,
    ],
    [{ OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'no pairs' }, /OTEL_EXPORTER_OTLP_TRACES_HEADERS.*should be name=value/],
    [{ OTEL_TRACES_SAMPLER: 'xray' }, /OTEL_TRACES_SAMPLER.*one of always_on/],
    [{ OTEL_TRACES_SAMPLER_ARG: '2' }, /OTEL_TRACES_SAMPLER_ARG.*a number from 0 to 1/],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'no pairs' }, /OTEL_EXPORTER_OTLP_HEADERS.*should be name=value/],
  ])('are refused in one line where they are wrong: %j', async (env, sentence) => {
    const problems = await configFolder().problems({ env: { ...endpoint, ...env } })
    expect(problems).toEqual([expect.stringMatching(sentence)])
  })
})
