import { describe, expect, it } from 'vitest'
import { configFolder } from './__fixtures__/config-folder.ts'

const openai = (rest: string) => `upstreams: [{name: openai, type: openai, api_key: "\${KEY}", ${rest}}]`
const missing = 'names the variable KEY, which is not set'

describe('an upstream that is not used', () => {
  it.each(['enabled: false', 'enabled: off', 'enabled: no', 'enabled: "${USED}"'])(
    'may name a variable that is not set: %s',
    async (enabled) => {
      const { settings, sources } = await configFolder(openai(enabled)).load({ env: { USED: 'off' } })
      expect(settings.upstreams).toMatchObject([{ name: 'openai', enabled: false, provider: { apiKey: null } }])
      expect(sources.get('upstreams[0].api_key')).toMatchObject({ source: 'default' })
    },
  )

  it('has the secret where the variable is set', async () => {
    const { settings } = await configFolder(openai('enabled: false')).load({ env: { KEY: 'k' } })
    expect(settings.upstreams[0]?.provider?.apiKey?.reveal()).toBe('k')
  })

  it('may leave its url, its sections and its models to variables', async () => {
    const sections = 'headers: {a: "${A}", b: c}, wake: {mac: "${MAC}"}, username: "${U}", password: p'
    const upstream = `{name: far, url: "http://\${H}:1", ${sections}, enabled: false}`
    const { settings } = await configFolder(`upstreams: [${upstream}]`).load()
    expect(settings.upstreams[0]).toMatchObject({ enabled: false, headers: [], wake: null })
    const models = 'enabled: false, models: [gpt-4, "${M}"]'
    const loaded = await configFolder(openai(models)).load()
    expect(loaded.settings.upstreams[0]?.provider?.models).toEqual(['gpt-4'])
  })

  it.each(['enabled: true', 'priority: 1', 'enabled: "${KEY}"'])('is told when it is used: %s', async (rest) => {
    const problems = await configFolder(openai(rest)).problems()
    expect(problems).toContainEqual(expect.stringContaining(`upstreams[0].api_key ${missing}`))
  })

  it('does not excuse its neighbour, its own name, or a broken variable', async () => {
    const two = await configFolder(
      'upstreams: [{name: a, url: "http://x", enabled: no}, {name: b, url: "http://${KEY}"}]',
    ).problems()
    expect(two).toEqual([expect.stringContaining(`upstreams[1].url ${missing}`)])
    const named = await configFolder('upstreams: [{name: "${KEY}", url: "http://x", enabled: no}]').problems()
    expect(named).toEqual([expect.stringContaining(`upstreams[0].name ${missing}`)])
    const broken = await configFolder('upstreams: [{name: a, url: "http://${K", enabled: no}]').problems()
    expect(broken).toEqual([expect.stringContaining('holds a "${" that is not ${NAME}')])
  })

  it('is the only place where a variable may be missing', async () => {
    expect(await configFolder('auth: {enabled: no, token: "${KEY}"}').problems()).toContainEqual(
      expect.stringContaining(`auth.token ${missing}`),
    )
  })
})
