import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startGateway } from '../harness/start-gateway.ts'
import { filesIn, given, startCanaryScene, type CanaryScene } from './canary-scene.ts'
import { useEverything } from './everything.ts'
import { findTraces } from './traces-of.ts'

async function admin(
  scene: CanaryScene,
  path: string,
  body?: object,
): Promise<{ readonly text: string; readonly secret: string }> {
  const response = await fetch(scene.gateway.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${scene.adminKey}` },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const text = await response.text()
  expect([path, response.status < 300, text]).toEqual([path, true, expect.anything()])
  return { text, secret: /"secret":"([^"]+)"/.exec(text)?.[1] ?? '' }
}

/** All that an admin can be told, at the command line and by the gateway. */
async function tellAdmin(scene: CanaryScene): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  const paths = [
    '/admin/keys',
    '/admin/users',
    '/admin/audit',
    '/admin/usage?by=key,model',
    '/admin/status',
    '/admin/models',
  ]
  const details = ['/admin/me', '/admin/route/explain?model=tiny', '/admin/openapi.json', '/health', '/metrics']
  for (const path of [...paths, ...details]) texts.set(path, (await admin(scene, path)).text)
  const commands = [
    ...[
      ['key', 'list', '--json'],
      ['user', 'list', '--json'],
      ['audit', '--json'],
      ['usage', '--by', 'key,model', '--json'],
    ],
    ...[['config', 'show'], ['config', 'check'], ['doctor'], ['backup', join(scene.gateway.folder, 'backup.db')]],
    ['status', '--once', '--server', scene.gateway.url, '--key', scene.adminKey],
  ]
  for (const command of commands) {
    const { stdout, stderr } = await scene.gateway.cli(...command)
    expect([command, `${stdout}${stderr}`]).toEqual([command, expect.stringMatching(/\S/)])
    texts.set(`corral ${command.slice(0, 2).join(' ')}`, stdout + stderr)
  }
  return texts
}

const isOfBodies = (name: string): boolean => /\/logs\/bodies-[\d-]+\.jsonl$/.test(name)

it(
  'no key, password or prompt is in anything that the gateway writes, answers or sends, but prompts where bodies are',
  { timeout: 240_000 },
  async () => {
    await using scene = await startCanaryScene()
    const { gateway, agent } = scene
    const { secret: member } = await admin(scene, '/admin/keys', {
      name: 'member',
      scopes: ['chat', 'embed', 'models:read'],
    })
    const { secret: rotated } = await admin(scene, '/admin/keys/rotate', { key: 'member' })
    const { secret: poor } = await admin(scene, '/admin/keys', { name: 'poor', limits: { requests_per_minute: 1 } })
    const { secret: revoked } = await admin(scene, '/admin/keys', { name: 'revoked' })
    await admin(scene, '/admin/keys/import', { text: given.importedToken })
    expect((await gateway.cli('key', 'revoke', 'revoked')).code).toBe(0)

    const keys = [scene.adminKey, rotated, poor, revoked, given.sharedToken, given.foreignToken, given.importedToken]
    const told = await useEverything(scene, keys)
    const texts = await tellAdmin(scene)
    // A config that is wrong, next to secrets that are right.
    const config = JSON.parse(await readFile(gateway.configFile, 'utf8')) as { upstreams: object[] }
    const wrong = { ...config, upstreams: config.upstreams.map((upstream) => ({ ...upstream, nonsense: 1 })) }
    await writeFile(gateway.configFile, JSON.stringify(wrong))
    await expect.poll(gateway.stderr, { timeout: 20_000 }).toContain('nonsense')
    const broken = await gateway.cli('serve')
    expect([broken.code, broken.stdout]).toEqual([1, ''])
    texts.set('a start with a wrong config', broken.stderr)
    await gateway.kill9()
    // What a crash left behind, before the next start tidies it up.
    for (const [path, text] of await filesIn(gateway.folder)) texts.set(`after kill -9: ${path}`, text)
    await using again = await startGateway({
      folder: gateway.folder,
      config: { store: { pepper: given.pepper, url: `sqlite:${join(gateway.folder, 'corral.db')}` } },
    })
    expect(await again.stop()).toBe(0)
    await writeFile(gateway.configFile, JSON.stringify({ store: { url: 'sqlite:corral.db' } }))
    const withoutPepper = await again.cli('key', 'list')
    expect(withoutPepper.code).toBe(1)
    texts.set('without the pepper', withoutPepper.stderr)

    for (const [path, text] of await filesIn(gateway.folder)) texts.set(path, text)
    texts.set('answers', told.answers)
    texts.set('traces', scene.collected())
    texts.set('agent', agent.stdout() + agent.stderr())
    texts.set('stdout', gateway.stdout() + again.stdout())
    texts.set('stderr', gateway.stderr() + again.stderr())
    const secrets = new Map(
      Object.entries({ ...given, admin: scene.adminKey, member, rotated, poor, revoked, agentKey: scene.agentKey }),
    )
    expect([...secrets].filter(([, secret]) => secret.length < 16)).toEqual([])
    expect(findTraces(secrets, new Map([...texts].filter(([name]) => !isOfBodies(name))))).toEqual([])
    const bodies = new Map([...texts].filter(([name]) => isOfBodies(name)))
    const { prompt: _, ...rest } = Object.fromEntries(secrets)
    expect(findTraces(new Map(Object.entries(rest)), bodies)).toEqual([])

    // That all of this was there to be searched.
    expect(told.ok).toBeGreaterThan(150)
    for (const code of ['429', '401', '403', '404', '400', '502', '503'])
      expect(told.answers).toMatch(new RegExp(`^${code} `, 'm'))
    expect(scene.collected()).toContain('/api/chat')
    expect([...texts.keys()].filter((name) => /backup\.db|corral\.db-wal|logs\//.test(name)).length).toBeGreaterThan(2)
    expect(texts.get('/metrics')).toContain('corral_')
    expect(gateway.stderr().length).toBeGreaterThan(1000)
    expect(told.answers).toContain('["corral-cache","hit"]')
    // After the kill and at the end.
    expect(bodies.size).toBe(2)
    for (const text of bodies.values()) expect(text.split(given.prompt.slice(-18)).length).toBeGreaterThan(50)
  },
)
