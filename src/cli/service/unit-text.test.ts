import { describe, expect, it } from 'vitest'
import { agentService, gatewayService } from './known-services.ts'
import { quoteWord, unitText, type UnitTerms } from './unit-text.ts'

const terms: UnitTerms = {
  program: ['/usr/bin/node', '/opt/corral/src/main.ts'],
  programPaths: ['/opt/corral', '/usr/bin/node'],
  config: null,
  user: null,
  drainMs: 30_000,
}

function linesOf(changes: Partial<UnitTerms> = {}): string[] {
  return unitText(gatewayService, { ...terms, ...changes }).split('\n')
}

describe('the unit', () => {
  it('runs the gateway as a user that is there while it runs, whose folders stay', () => {
    const lines = linesOf()
    expect(lines).toContain('ExecStart=/usr/bin/node /opt/corral/src/main.ts serve')
    expect(lines).toContain('DynamicUser=yes')
    expect(lines).toContain('StateDirectory=corral')
    expect(lines).toContain('LogsDirectory=corral')
    expect(lines).toContain('WorkingDirectory=/var/lib/corral')
  })

  it('runs it as a user of the machine', () => {
    const lines = linesOf({ user: 'ollama' })
    expect(lines).toContain('User=ollama')
    expect(lines.join('\n')).not.toContain('DynamicUser')
  })

  it('names the config that it was given', () => {
    expect(linesOf({ config: '/etc/my corral.yaml' })).toContain(
      'ExecStart=/usr/bin/node /opt/corral/src/main.ts serve --config "/etc/my corral.yaml"',
    )
  })

  it('waits longer than running streams may go on', () => {
    expect(linesOf()).toContain('TimeoutStopSec=45')
    expect(linesOf({ drainMs: 600_500 })).toContain('TimeoutStopSec=616')
  })

  it('shows the service no home but the program in it', () => {
    expect(linesOf()).toContain('ProtectHome=yes')
    expect(linesOf().join('\n')).not.toContain('BindReadOnlyPaths')
    const lines = linesOf({ programPaths: ['/home/ann/my corral', '/root/bin:2/node', '/usr/lib/x'] })
    expect(lines).toContain('ProtectHome=tmpfs')
    expect(lines).toContain('BindReadOnlyPaths="/home/ann/my corral" /root/bin\\:2/node')
  })

  it('shows it a program below /tmp, and no home for that', () => {
    const lines = linesOf({ programPaths: ['/tmp/corral', '/homeless'] })
    expect(lines).toContain('ProtectHome=yes')
    expect(lines).toContain('BindReadOnlyPaths=/tmp/corral')
  })
})

describe('the unit of the agent', () => {
  const lines = unitText(agentService, terms).split('\n')

  it('runs it as a user that owns nothing, and tries for ever', () => {
    expect(lines).toContain('ExecStart=/usr/bin/node /opt/corral/src/main.ts agent')
    expect(lines).toContain('User=corral-agent')
    expect(lines).toContain('Restart=always')
    expect(lines.join('\n')).not.toMatch(/^(?:StateDirectory|LogsDirectory|Environment|ExecReload)=/m)
  })

  it('reads a file that has to be there, and gives up where what stands in it is wrong', () => {
    expect(lines).toContain('EnvironmentFile=/etc/corral/agent.env')
    expect(lines).toContain('RestartPreventExitStatus=2')
  })

  it('is as closed as that of the gateway', () => {
    const sandbox = (text: readonly string[]): string[] => text.slice(text.indexOf('NoNewPrivileges=yes'))
    expect(sandbox(lines).length).toBeGreaterThan(20)
    expect(sandbox(lines)).toEqual(sandbox(linesOf()))
  })
})

describe('a word of a command line', () => {
  it.each([
    ['/opt/a-b_c.d/main.ts', '/opt/a-b_c.d/main.ts'],
    ['/opt/100%/$HOME', '/opt/100%%/$$HOME'],
    ['a b', '"a b"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ["it's", '"it\'s"'],
    ['', '""'],
  ])('%j is written %s', (word, written) => expect(quoteWord(word)).toBe(written))
})
