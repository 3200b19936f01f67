import type { ChildProcess } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { startFakeOllama } from '../fakes/fake-ollama/fake-ollama.ts'
import { tempFolder } from '../fakes/temp-folder.ts'
import { readStream } from '../system/harness/stream-client.ts'
import { findOldNode, npm, packPackage, runIn, spawnIn, type PackedPackage, type Place } from './packed-package.ts'

interface Manifest {
  readonly version: string
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
}

const minutes = 60_000
const home = mkdtempSync(join(tmpdir(), 'corral-home-'))
let packed: PackedPackage
/** With the Node that comes along. */
let folder: string

beforeAll(async () => {
  packed = await packPackage()
  folder = await packed.install()
}, 3 * minutes)

afterAll(async () => {
  await packed?.[Symbol.asyncDispose]()
  rmSync(home, { recursive: true, force: true })
})

const manifestOf = (path: string): Manifest => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest

describe('what is packed', () => {
  it('is the program, its launcher and what is read beside it', () => {
    const page = packed.files.filter((file) => file.startsWith('console/dist/'))
    const [program, rest] = [[] as string[], [] as string[]]
    for (const file of packed.files) {
      if (!page.includes(file)) (file.startsWith('dist/') ? program : rest).push(file)
    }
    expect(rest.toSorted()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin/corral.cjs',
      'bin/end-with-launcher.cjs',
      'config.schema.json',
      'corral.example.yaml',
      'npm-shrinkwrap.json',
      'package.json',
    ])
    expect(program).toContain('dist/main.js')
    expect(program).toContain('dist/ledger-worker.js')
    expect(program.filter((file) => !/^dist\/[a-z0-9-]+\.js$/.test(file))).toEqual([])
    for (const name of ['index.html', 'index.html.br', 'licences.txt']) expect(page).toContain(`console/dist/${name}`)
    expect(page.filter((file) => !/\.(html|js|css|svg|txt)(\.br|\.gz)?$/.test(file))).toEqual([])
  })

  it('is clean in the eyes of publint', async () => {
    const { messages, pkg } = await publint({ pkgDir: packed.unpacked, level: 'suggestion', strict: true, pack: false })
    expect(messages.map((message) => formatMessage(message, pkg ?? {}, { color: false }))).toEqual([])
  })

  it('runs nothing when it is installed', () => {
    const { scripts } = manifestOf(packed.unpacked)
    // `prepare` is for clones: npm leaves it alone in what it unpacks.
    for (const name of ['preinstall', 'install', 'postinstall', 'prepublish']) {
      expect(scripts).not.toHaveProperty(name)
    }
    const { packages } = JSON.parse(readFileSync(join(packed.unpacked, 'npm-shrinkwrap.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>
    }
    expect(Object.keys(packages).filter((path) => packages[path]?.hasInstallScript === true)).toEqual([])
  })

  it('pins all that it runs on, and says nobody’s address', async () => {
    expect(readFileSync(join(packed.unpacked, 'npm-shrinkwrap.json'), 'utf8')).not.toMatch(/"resolved"|"dev": true/)
    // An installer takes no notice of a package's devDependencies; `npm ci` compares the lock with all there are.
    const apart = tempFolder()
    const { dependencies } = manifestOf(packed.unpacked)
    const manifest = JSON.parse(readFileSync(join(packed.unpacked, 'package.json'), 'utf8')) as Record<string, unknown>
    delete manifest['devDependencies']
    writeFileSync(join(apart, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(apart, 'npm-shrinkwrap.json'), readFileSync(join(packed.unpacked, 'npm-shrinkwrap.json')))
    await npm(['ci', '--ignore-scripts', '--omit=optional'], apart, home)
    for (const [name, version] of Object.entries(dependencies)) {
      expect(manifestOf(join(apart, 'node_modules', name)).version).toBe(version)
    }
  }, 60_000)

  it('leaves no lock behind in the clone but its own', () => {
    expect(readdirSync(packed.clone)).not.toContain('npm-shrinkwrap.json')
    expect(readdirSync(packed.clone)).toContain('package-lock.json')
  })
})

describe('installed into an empty folder', () => {
  const npx = (...args: string[]) => runIn('npx', ['--no', 'corral', ...args], { folder, home })

  it('has the version of the manifest', async () => {
    const { version } = manifestOf(packed.clone)
    expect(await npx('version')).toMatchObject({ code: 0, stdout: `corral ${version}\n` })
  })

  it('serves: a first key, a chat with it, the lists, and a stop that lets answers end', async () => {
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }], tokensPerSecond: 100 })
    const place = { folder: tempFolder(), home, env: { OLLAMA_HOST: fake.url } }
    const corral = join(folder, 'node_modules', '.bin', 'corral')
    const gateway = start(spawnIn(corral, ['serve', '--listen', '127.0.0.1:0'], place))
    const url = await gateway.ready
    const key = /crl_\w+/.exec(gateway.stderr())?.[0] ?? ''
    expect(key).not.toBe('')

    expect((await fetch(`${url}/api/tags`)).status).toBe(401)
    const page = await (await fetch(`${url}/console/`)).text()
    const script = /assets\/[\w-]+\.js/.exec(page)?.[0] ?? ''
    const served = await fetch(`${url}/console/${script}`)
    expect([served.status, served.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])
    expect((await served.text()).length).toBeGreaterThan(10_000)
    const chat = { model: 'tiny', messages: [{ role: 'user', content: 'hello' }] }
    let underWay = (): void => {}
    const begun = new Promise<void>((resolve) => (underWay = resolve))
    const answer = readStream(`${url}/api/chat`, {
      headers: { authorization: `Bearer ${key}` },
      body: chat,
      onChunk: () => underWay(),
    })
    await begun
    const list = await runIn(corral, ['key', 'list', '--json'], place)
    expect(JSON.parse(list.stdout)).toEqual([expect.objectContaining({ user: 'admin' })])

    gateway.child.kill('SIGTERM')
    expect(await answer).toMatchObject({
      status: 200,
      ending: 'complete',
      text: expect.stringContaining('"done":true'),
    })
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
    expect(gateway.stderr()).toContain('Stopped')
  })

  it.for(['SIGTERM to npx', 'Ctrl-C in its terminal'])('is started by npx, and ends with it: %s', async (ending) => {
    const place = { folder, home, env: { OLLAMA_HOST: 'http://127.0.0.1:1' }, detached: true }
    const gateway = start(spawnIn('npx', ['--no', 'corral', 'serve', '--listen', '127.0.0.1:0'], place))
    const url = await gateway.ready
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    if (ending === 'SIGTERM to npx') gateway.child.kill('SIGTERM')
    else process.kill(-(gateway.child.pid ?? 0), 'SIGINT')
    await gateway.ended
    // npx does not wait for what it has started.
    await vi.waitFor(() => expect(gateway.stderr()).toContain('Stopped'), { timeout: 10_000 })
    await vi.waitFor(() => expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed'), { timeout: 10_000 })
  })

  it('loads no library for a command that needs none', async () => {
    const told = join(tempFolder(), 'hooks.mjs')
    writeFileSync(
      told,
      `import { registerHooks } from 'node:module'
       registerHooks({ resolve(name, context, next) { console.error('imports ' + name); return next(name, context) } })`,
    )
    const main = join(folder, 'node_modules', 'corral', 'dist', 'main.js')
    const { code, stderr } = await runIn(process.execPath, ['--import', told, main, 'version'], { folder, home })
    const names = [...stderr.matchAll(/^imports (\S+)$/gm)].map((match) => match[1] ?? '')
    expect(code).toBe(0)
    expect(names).toContain('./run.js')
    expect(names.filter((name) => !/^(\.|\/|file:|node:)/.test(name))).toEqual(['commander'])
    expect(names).not.toContain('./serve.js')
  })

  it('checks a config, and names a mistake in one line', async () => {
    const example = readFileSync(join(folder, 'node_modules', 'corral', 'corral.example.yaml'), 'utf8')
    writeFileSync(join(folder, 'good.yaml'), example)
    expect(await npx('config', 'check', '--config', 'good.yaml')).toMatchObject({ code: 0 })
    writeFileSync(join(folder, 'bad.yaml'), 'lisen: 127.0.0.1:1\n')
    const { code, stderr } = await npx('config', 'check', '--config', 'bad.yaml')
    expect({ code, lines: stderr.trim().split('\n') }).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^corral: .*bad\.yaml.*lisen/)],
    })
  })
})

describe('started by a Node that is too old', () => {
  const oldNode = findOldNode()
  const launcher = (): string => join(folder, 'node_modules', 'corral', 'bin', 'corral.cjs')

  it('hands over to the one that came along: what is typed, what is answered, how it ends', async (context) => {
    const node = await oldNode
    if (node === undefined) return context.skip('a Node older than 24 is not installed')
    const run = (...args: string[]) => runIn(node.path, [launcher(), ...args], { folder: tempFolder(), home })
    const { version } = manifestOf(packed.clone)
    expect(await run('version')).toEqual({ code: 0, stdout: `corral ${version}\n`, stderr: '' })
    expect(await run('no-such-command')).toMatchObject({ code: 2 })
  })

  it.for(['SIGTERM', 'SIGINT'] as const)('passes %s on, once', async (signal, context) => {
    const node = await oldNode
    if (node === undefined) return context.skip('a Node older than 24 is not installed')
    const gateway = await startWith(node.path)
    gateway.child.kill(signal)
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
    expect(gateway.stderr()).toContain(`"signal":"${signal}"`)
    expect(gateway.stderr()).toContain('Stopped')
  })

  it('hears Ctrl-C once, though a terminal tells it to everybody in front', async (context) => {
    const node = await oldNode
    if (node === undefined) return context.skip('a Node older than 24 is not installed')
    const gateway = await startWith(node.path, { detached: true })
    process.kill(-(gateway.child.pid ?? 0), 'SIGINT')
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
    expect(gateway.stderr()).toContain('Stopped')
  })

  it('leaves no gateway behind when it is killed', async (context) => {
    const node = await oldNode
    if (node === undefined) return context.skip('a Node older than 24 is not installed')
    const gateway = await startWith(node.path)
    const url = await gateway.ready
    gateway.child.kill('SIGKILL')
    expect(await gateway.ended).toEqual({ code: null, signal: 'SIGKILL' })
    await vi.waitFor(() => expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed'), { timeout: 10_000 })
  })

  it('says in one line which Node it needs, where none came along', async (context) => {
    const node = await oldNode
    if (node === undefined) return context.skip('a Node older than 24 is not installed')
    const bare = await packed.install('--omit=optional')
    const bareLauncher = join(bare, 'node_modules', 'corral', 'bin', 'corral.cjs')
    const { code, stdout, stderr } = await runIn(node.path, [bareLauncher, 'serve'], { folder: bare, home })
    expect({ code, stdout, lines: stderr.trim().split('\n') }).toEqual({
      code: 1,
      stdout: '',
      lines: [expect.stringContaining(`corral: Node ${node.version} is too old: Corral needs Node 24 or newer`)],
    })

    // As where the one that came along is made for another C library.
    const optional = Object.keys(manifestOf(packed.unpacked).optionalDependencies)
    const name = optional.find((each) => each.endsWith(`-${process.platform}-${process.arch}`))
    if (name === undefined) throw new Error('no Node comes along for this machine')
    const brought = join(bare, 'node_modules', name, 'bin', 'node')
    mkdirSync(dirname(brought), { recursive: true })
    writeFileSync(brought, '#!/no/such/loader\n', { mode: 0o755 })
    const broken = await runIn(node.path, [bareLauncher, 'serve'], { folder: bare, home })
    expect({ code: broken.code, lines: broken.stderr.trim().split('\n') }).toEqual({
      code: 1,
      lines: [expect.stringMatching(/ is too old: .*; the one at .* does not start \(ENOENT\)$/)],
    })

    // A Node that is new enough needs no other.
    expect(await runIn(process.execPath, [bareLauncher, 'version'], { folder: bare, home })).toMatchObject({ code: 0 })
  }, 60_000)

  async function startWith(node: string, options: Partial<Place> = {}): Promise<Started> {
    const place = { folder: tempFolder(), home, env: { OLLAMA_HOST: 'http://127.0.0.1:1' }, ...options }
    const gateway = start(spawnIn(node, [launcher(), 'serve', '--listen', '127.0.0.1:0'], place))
    await gateway.ready
    return gateway
  }
})

it('the launcher says what is missing in a clone that was not built', async () => {
  const bare = tempFolder()
  cpSync(join(packed.clone, 'bin'), join(bare, 'bin'), { recursive: true })
  const launcher = join(bare, 'bin', 'corral.cjs')
  const { code, stderr } = await runIn(process.execPath, [launcher, 'version'], { folder: bare, home })
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'corral: dist/ is missing: run "npm run build", or "npm start" which needs none\n',
  })
})

interface Started {
  readonly child: ChildProcess
  readonly ready: Promise<string>
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  stderr(): string
}

/** A gateway under way, gone with the test. */
function start(child: ChildProcess): Started {
  let [stdout, stderr] = ['', '']
  child.stderr?.on('data', (chunk: Buffer) => void (stderr += chunk.toString()))
  const ended = new Promise<Awaited<Started['ended']>>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const ready = new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      const url = /^corral ready (\S+)$/m.exec((stdout += chunk.toString()))?.[1]
      if (url !== undefined) resolve(url)
    })
    void ended.then(({ code }) => reject(new Error(`ended with ${code} before it was ready:\n${stderr}`)))
  })
  ready.catch(() => {})
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await ended
  })
  return { child, ready, ended, stderr: () => stderr }
}
