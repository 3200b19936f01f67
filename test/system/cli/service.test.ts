import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished, type TestContext, vi } from 'vitest'
import { gatewayService } from '../../../src/cli/service/known-services.ts'
import { unitText } from '../../../src/cli/service/unit-text.ts'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { startAgentScene } from '../harness/agent-before.ts'
import { cleanEnvironment } from '../harness/clean-environment.ts'
import { MAIN, productCommand } from '../harness/product-command.ts'
import { corralIn } from './corral.ts'

const unitPath = 'etc/systemd/system/corral.service'
const agentUnitPath = 'etc/systemd/system/corral-agent.service'

interface Installed {
  /** Of a system that has only what was put there. */
  readonly root: string
  install(...args: string[]): Promise<Ended>
  unit(path?: string): string
  put(path: string, text: string): void
}

/** Node writes the units here, whatever the product is tested on: what is in them is for systemd. */
function emptySystem(): Installed {
  const root = tempFolder()
  return {
    root,
    install: (...args) => run(process.execPath, [MAIN, 'service', 'install', '--root', root, ...args], root),
    unit: (path = unitPath) => readFileSync(join(root, path), 'utf8'),
    put(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    },
  }
}

describe('service install', () => {
  it('writes the unit and its folders, and says what to run next', async () => {
    const system = emptySystem()
    const { code, stdout, stderr } = await system.install()
    expect([code, stdout]).toEqual([0, ''])
    for (const folder of ['var/lib/corral', 'var/log/corral']) {
      expect(statSync(join(system.root, folder)).mode & 0o777).toBe(0o700)
    }
    expect(statSync(join(system.root, unitPath)).mode & 0o777).toBe(0o644)
    expect(readdirSync(join(system.root, 'etc/systemd/system'))).toEqual(['corral.service'])
    for (const command of ['systemctl daemon-reload', 'systemctl enable --now corral', 'journalctl -u corral -f']) {
      expect(stderr).toContain(`  ${command}\n`)
    }
    expect(stderr).toMatch(/^ {2}cd \/var\/lib\/corral && \S+ \S+ user create admin --scope \S*admin\S*$/m)
  })

  it('names the runtime that it is run by', async () => {
    const { code, stdout, stderr } = await corralIn()('service', 'install', '--root', tempFolder(), '--dry-run')
    expect(code, stderr).toBe(0)
    expect(commandOf(stdout)).toEqual([realpathSync(productCommand([]).program), realpathSync(MAIN), 'serve'])
  })

  it('prints with --dry-run what it would write, and writes nothing', async () => {
    const system = emptySystem()
    const { code, stdout } = await system.install('--dry-run')
    expect(code).toBe(0)
    expect(readdirSync(system.root)).toEqual([])
    await system.install()
    expect(stdout).toBe(system.unit())
  })

  it('replaces its own unit, and that of somebody else when told to', async () => {
    const system = emptySystem()
    await system.install()
    const first = system.unit()
    system.put(unitPath, `${first}# changed\n`)
    expect((await system.install()).code).toBe(0)
    expect(system.unit()).toBe(first)

    system.put(unitPath, '[Service]\nExecStart=/bin/true\n')
    const refused = await system.install()
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/^corral: \S+corral\.service is there already .*--force replaces it$/m)
    expect(system.unit()).toContain('/bin/true')
    expect((await system.install('--force')).code).toBe(0)
    expect(system.unit()).toBe(first)
  })

  it('does not write through the link of a masked unit', async () => {
    const system = emptySystem()
    const target = join(system.root, 'target')
    writeFileSync(target, '')
    mkdirSync(join(system.root, dirname(unitPath)), { recursive: true })
    symlinkSync(target, join(system.root, unitPath))
    expect((await system.install()).code).toBe(1)
    expect((await system.install('--force')).code).toBe(0)
    expect(readFileSync(target, 'utf8')).toBe('')
    expect(system.unit()).toContain('ExecStart=')
  })

  it('names the usual config where there is one, and waits longer than its drain', async () => {
    const system = emptySystem()
    await system.install()
    expect(system.unit()).toMatch(/^ExecStart=.* serve$/m)
    expect(system.unit()).toContain('\nTimeoutStopSec=45\n')
    system.put('etc/corral/corral.yaml', 'drain: ${DRAIN}\n')
    system.put('etc/corral/corral.env', '# for the file\nDRAIN=5m\n')
    await system.install()
    expect(system.unit()).toMatch(/^ExecStart=.* serve --config \/etc\/corral\/corral\.yaml$/m)
    expect(system.unit()).toContain('\nTimeoutStopSec=315\n')
  })

  it('honours --config', async () => {
    const system = emptySystem()
    system.put('srv/gate.yaml', 'drain: 1s\n')
    await system.install('--config', '/srv/gate.yaml')
    expect(system.unit()).toMatch(/^ExecStart=.* serve --config \/srv\/gate\.yaml$/m)
    expect(system.unit()).toContain('\nTimeoutStopSec=16\n')
  })

  it.each([
    [['--config', '/etc/none.yaml'], 1, /^corral: The config .*none\.yaml" cannot be read: /],
    [['--config', '/home/ann/corral.yaml'], 1, /^corral: The service cannot see \/home\/ann\/corral\.yaml: move it /],
    [['--user', 'nobody-here'], 1, /^corral: There is no user "nobody-here" in .*: make it with "useradd --system .*"/],
    [['--user', 'admin'], 1, /^corral: "admin" may do everything: name another user/],
    [['--user', 'a b'], 2, /^corral: "a b" is not the name of a user$/],
    [
      ['--agent', '--config', '/etc/a.yaml'],
      2,
      /^corral: The agent reads no config: leave --config out, .*agent\.env$/,
    ],
  ])('says in one line what is wrong with %j', async (args, code, line) => {
    const system = emptySystem()
    system.put('etc/passwd', 'root:x:0:0::/root:/bin/sh\nadmin:x:0:0::/root:/bin/sh\n')
    const result = await system.install(...args)
    expect(result).toMatchObject({ code, stdout: '' })
    expect(result.stderr.trim()).toMatch(line)
    expect(result.stderr.trim().split('\n')).toHaveLength(1)
    for (const path of [unitPath, agentUnitPath]) expect(existsSync(join(system.root, path))).toBe(false)
  })

  it('says what is wrong with the config instead of writing a unit that would not start', async () => {
    const system = emptySystem()
    system.put('etc/corral/corral.yaml', 'drain: soon\n')
    const { code, stderr } = await system.install()
    expect(code).toBe(1)
    expect(stderr).toMatch(/^corral: \S*corral\.yaml:1:8: drain .*\n$/)
    expect(existsSync(join(system.root, unitPath))).toBe(false)
  })

  it('runs it as a user of the machine, whose the folders are', async () => {
    const system = emptySystem()
    const [uid, gid] = [process.getuid?.(), process.getgid?.()]
    const ids = uid === 0 ? '4711:4712' : `${uid}:${gid}`
    system.put('etc/passwd', `root:x:0:0::/root:/bin/sh\nollama:x:${ids}::/:/bin/false\n`)
    const { code, stderr } = await system.install('--user', 'ollama')
    expect(code).toBe(0)
    expect(system.unit()).toMatch(/^User=ollama$/m)
    expect(system.unit()).not.toContain('DynamicUser')
    const owner = statSync(join(system.root, 'var/lib/corral'))
    expect(`${owner.uid}:${owner.gid}`).toBe(ids)
    expect(stderr).toContain('cd /var/lib/corral && sudo -u ollama ')
  })
})

describe('service install --agent', () => {
  it('writes the unit alone, and says what to write where and what to run next', async () => {
    const system = emptySystem()
    const { code, stdout, stderr } = await system.install('--agent')
    expect([code, stdout]).toEqual([0, ''])
    expect(readdirSync(join(system.root, 'etc/systemd/system'))).toEqual(['corral-agent.service'])
    expect(readdirSync(system.root)).toEqual(['etc'])
    expect(stderr).toContain(`Wrote ${join(system.root, agentUnitPath)}\n`)
    const commands = ['install -D -m 600 /dev/null /etc/corral/agent.env', 'systemctl enable --now corral-agent']
    for (const command of [...commands, 'journalctl -u corral-agent -f']) expect(stderr).toContain(`  ${command}\n`)
    expect(stderr).toContain('SERVER_URL=')
  })

  it('leaves an env file that is there as it is', async () => {
    const system = emptySystem()
    system.put('etc/corral/agent.env', 'AUTH_TOKEN=of-mine\n')
    const { code, stderr } = await system.install('--agent')
    expect(code).toBe(0)
    expect(stderr).toContain('/etc/corral/agent.env is there already')
    expect(stderr).not.toMatch(/of-mine|install -D/)
    expect(readFileSync(join(system.root, 'etc/corral/agent.env'), 'utf8')).toBe('AUTH_TOKEN=of-mine\n')
  })

  it('looks at no config of a gateway beside it', async () => {
    const system = emptySystem()
    system.put('etc/corral/corral.yaml', 'drain: soon\n')
    expect((await system.install('--agent')).code).toBe(0)
    expect(system.unit(agentUnitPath)).toMatch(/^ExecStart=.* agent$/m)
    expect(system.unit(agentUnitPath)).toContain('\nTimeoutStopSec=45\n')
  })
})

describe('the written unit', () => {
  const variants = { 'as it is': [], 'with a user of the machine': ['--user', 'ollama'] }

  it.for(Object.entries(variants))('satisfies systemd: %s', async ([, args], context) => {
    const system = emptySystem()
    system.put('etc/passwd', 'ollama:x:4711:4711::/:/bin/false\n')
    expect((await system.install(...args)).code).toBe(0)
    expect(await analyze(context, 'verify', '--man=no', join(system.root, unitPath))).toMatchObject({
      code: 0,
      said: '',
    })
    const security = ['security', '--offline=true', '--no-pager', '--threshold=15', join(system.root, unitPath)]
    const { code, said } = await analyze(context, ...security)
    expect(code, said).toBe(0)
  })

  it('satisfies it with a program in a home folder too', async (context) => {
    const path = join(tempFolder(), 'corral.service')
    const program = [process.execPath, '/home/ann/corral/src/main.ts']
    const terms = { program, programPaths: ['/home/ann/corral'], config: null, user: null, drainMs: 0 }
    writeFileSync(path, unitText(gatewayService, terms))
    expect(await analyze(context, 'verify', '--man=no', path)).toMatchObject({ code: 0, said: '' })
    const { code, said } = await analyze(context, 'security', '--offline=true', '--no-pager', '--threshold=15', path)
    expect(code, said).toBe(0)
  })

  it.for(Object.entries(variants))('of an agent satisfies it too: %s', async ([, args], context) => {
    const system = emptySystem()
    system.put('etc/passwd', 'ollama:x:4711:4711::/:/bin/false\n')
    expect((await system.install('--agent', ...args)).code).toBe(0)
    const path = join(system.root, agentUnitPath)
    expect(await analyze(context, 'verify', '--man=no', path)).toMatchObject({ code: 0, said: '' })
    const { code, said } = await analyze(context, 'security', '--offline=true', '--no-pager', '--threshold=15', path)
    expect(code, said).toBe(0)
  })

  it('starts an agent that serves what its env file names, and stops', async () => {
    await using scene = await startAgentScene()
    await using fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
    const system = emptySystem()
    await system.install('--agent')
    const unit = system.unit(agentUnitPath)
    expect(unit).toContain('\nEnvironmentFile=/etc/corral/agent.env\n')
    const variables = {
      SERVER_URL: scene.gateway.url,
      AUTH_TOKEN: scene.agentKey,
      AGENT_ID: 'unit',
      OLLAMA_URL: fake.url,
    }
    const [program = '', ...args] = commandOf(unit)
    const agent = spawn(program, args, { cwd: system.root, env: { ...cleanEnvironment(), ...variables } })
    onTestFinished(() => void agent.kill('SIGKILL'))
    expect(await reader(agent)(/^(corral agent unit connected ws)$/m)).toBeDefined()
    const headers = { authorization: `Bearer ${scene.key}` }
    await vi.waitFor(async () => {
      const tags = await fetch(`${scene.gateway.url}/api/tags`, { headers })
      expect(await tags.text()).toContain('tiny')
    })
    agent.kill('SIGTERM')
    expect(await new Promise((resolve) => agent.once('exit', resolve))).toBe(0)
    expect(readdirSync(system.root)).toEqual(['etc'])
  })

  it('of an agent ends with the code that is not tried again where it was told nothing', async () => {
    const system = emptySystem()
    await system.install('--agent')
    const [program = '', ...args] = commandOf(system.unit(agentUnitPath))
    const { code, stderr } = await run(program, args, system.root)
    expect(system.unit(agentUnitPath)).toContain(`\nRestartPreventExitStatus=${code}\n`)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it('starts a gateway that serves, reloads and stops', async () => {
    const system = emptySystem()
    await using fake = await startFakeOllama()
    await system.install()
    const folder = join(system.root, 'var/lib/corral')
    const logs = join(system.root, 'var/log/corral')
    const [program = '', ...args] = commandOf(system.unit())
    const variables = Object.fromEntries(
      [...system.unit().matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [
        name,
        join(system.root, value ?? ''),
      ]),
    )
    const config = join(folder, 'corral.yaml')
    writeFileSync(config, `listen: 127.0.0.1:0\nupstreams: [{name: a, url: "${fake.url}"}]\n`)
    const gateway = spawn(program, args, { cwd: folder, env: { ...cleanEnvironment(), ...variables } })
    onTestFinished(() => void gateway.kill('SIGKILL'))
    const said = reader(gateway)

    const url = await said(/^corral ready (\S+)$/m)
    const key = await said(/\b(crl_\w+)/)
    const tags = await fetch(`${url}/api/tags`, { headers: { authorization: `Bearer ${key}` } })
    expect(tags.status).toBe(200)
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['corral.db', 'corral.secret']))
    expect(system.unit()).toContain('\nExecReload=/bin/kill -HUP $MAINPID\n')
    gateway.kill('SIGHUP')
    await said(/(The config was read again)/)
    gateway.kill('SIGTERM')
    expect(await new Promise((resolve) => gateway.once('exit', resolve))).toBe(0)
    expect(readdirSync(logs)).toHaveLength(1)
  })

  it('has no key to print where one was made first, as the next steps say', async () => {
    const system = emptySystem()
    const { stderr } = await system.install()
    const step = /^ {2}cd \/var\/lib\/corral && (.*)$/m.exec(stderr)?.[1] ?? ''
    const folder = join(system.root, 'var/lib/corral')
    const made = await run('sh', ['-c', step], folder)
    expect(made.code, made.said).toBe(0)
    const key = /\bcrl_\w+/.exec(made.said)?.[0]
    const [program = '', ...args] = commandOf(system.unit())
    const gateway = spawn(program, [...args, '--listen', '127.0.0.1:0'], { cwd: folder, env: cleanEnvironment() })
    onTestFinished(() => void gateway.kill('SIGKILL'))
    const said = reader(gateway)
    const url = await said(/^corral ready (\S+)$/m)
    expect((await fetch(`${url}/admin/keys`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200)
    await expect(said(/(crl_)/, 300)).rejects.toThrow('was not said')
  })
})

/** The words of ExecStart, read as systemd.service(5) says. */
function commandOf(unit: string): string[] {
  const line = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? ''
  const words = line.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []
  return words.map((word) => {
    const plain = word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word
    return plain.replaceAll('%%', '%').replaceAll('$$', '$')
  })
}

/** What systemd-analyze thinks of a unit; skips the test where it is not installed. */
async function analyze(context: TestContext, ...args: string[]): Promise<Ended> {
  if (spawnSync('systemd-analyze', ['--version']).error !== undefined) context.skip('systemd-analyze is not installed')
  return run('systemd-analyze', args, '/')
}

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Both. */
  readonly said: string
}

function run(program: string, args: string[], cwd: string): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env: cleanEnvironment(), timeout: 20_000 }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : 1
      resolve({ code: error === null ? 0 : code, stdout, stderr, said: `${stdout}${stderr}` })
    })
  })
}

/** Waits for what a process says; throws where it does not come. */
function reader(child: ChildProcess): (pattern: RegExp, withinMs?: number) => Promise<string> {
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => void (text += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => void (text += chunk.toString()))
  return async (pattern, withinMs = 10_000) => {
    const end = performance.now() + withinMs
    while (performance.now() < end) {
      const found = pattern.exec(text)?.[1]
      if (found !== undefined) return found
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    throw new Error(`${String(pattern)} was not said within ${withinMs} ms`)
  }
}
