import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { environmentName } from '../src/config/environment-layer.ts'
import { loadConfig } from '../src/config/load.ts'
import { scalarSettings } from '../src/config/schema.ts'
import { configDocs, configJsonSchema } from './config-docs.ts'
import { configExample } from './config-example.ts'

const root = join(import.meta.dirname, '..')
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'corral-docs-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function load(text: string, env: Record<string, string> = {}) {
  writeFileSync(join(folder, 'corral.yaml'), text)
  return loadConfig({ env, cwd: folder })
}

describe('docs/config.md', () => {
  const page = read('docs', 'config.md')

  it('is what the generator makes', () => {
    expect(page).toBe(configDocs())
  })

  it('names the variable of every setting that has one', () => {
    const missing = scalarSettings().filter(({ path }) => !page.includes(`\`${environmentName(path)}\``))
    expect(missing).toEqual([])
  })

  it('has snippets that load', async () => {
    const snippets = [...page.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '')
    expect(snippets.length).toBeGreaterThan(2)
    for (const snippet of snippets) {
      await expect(load(snippet, { GPU_2_TOKEN: 'x', API_KEY_SALT: 'y' })).resolves.toHaveProperty('file')
    }
  })
})

describe('corral.example.yaml', () => {
  it('is what the generator makes', () => {
    expect(read('corral.example.yaml')).toBe(configExample())
  })

  it('says the defaults', async () => {
    const { settings } = await load(configExample())
    rmSync(join(folder, 'corral.yaml'))
    const byDefault = (await loadConfig({ env: {}, cwd: folder })).settings
    expect({ ...settings, upstreams: [], models: null }).toEqual({ ...byDefault, upstreams: [], models: null })
    expect(settings.upstreams).toEqual([{ ...byDefault.upstreams[0], name: 'local' }])
    expect(settings.models.policies).toEqual([{ match: '*', numCtx: 'allow', keepAlive: 'allow' }])
  })

  it('loads with everything that is commented out, too', async () => {
    const all = configExample().replaceAll(/^( *)# ([a-z_]+: .*)$/gm, '$1$2')
    const names = ['cert.pem', 'key.pem', 'internal-ca.pem', 'salt.txt', 'token.txt', 'pepper.txt', 'password.txt']
    for (const name of names)
      writeFileSync(join(folder, name), `-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n`)
    const env = { API_KEY_SALT: 'a', AUTH_TOKEN: 'b', CORRAL_PEPPER: 'c', UPSTREAM_PASSWORD: 'd' }
    // A secret and its file exclude each other: the files go.
    await expect(load(all.replaceAll(/^ *\w+_file: (?!keys|auth).*\n/gm, ''), env)).resolves.toHaveProperty('settings')
  })
})

describe('config.schema.json', () => {
  it('is what the generator makes', () => {
    expect(read('config.schema.json')).toBe(configJsonSchema())
  })

  it('refuses unknown keys and describes the known ones', () => {
    const schema = JSON.parse(configJsonSchema())
    expect(schema.additionalProperties).toBe(false)
    expect(schema.properties.auth.additionalProperties).toBe(false)
    expect(schema.properties.auth.properties.mode).toMatchObject({ enum: ['keys', 'none'], default: 'keys' })
    expect(schema.properties.drain.description).toContain('SIGTERM')
    expect(schema.properties.upstreams.items.required).toEqual(['name'])
  })
})
