import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runCommand } from './harness/run-command.ts'
import { ROOT } from './harness/start-gateway.ts'

const DEMO = join(ROOT, 'scripts/demo.ts')

/** What stands under a heading of the demo, up to the next one. */
function partOf(stdout: string, heading: string): string {
  return stdout.split(/^== /m).find((part) => part.startsWith(heading)) ?? ''
}

it(
  'npm run demo shows limits, the cache, the books, a key and a load that goes well, and ends by itself',
  { timeout: 120_000 },
  async () => {
    const { code, stdout, stderr } = await runCommand(DEMO, ['--seconds', '5'], { folder: ROOT })
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const limited = partOf(stdout, 'ada asks')
    expect(limited.match(/^ {2}200 .* \d+ tokens /gm)).toHaveLength(3)
    expect(limited).toMatch(/^ {2}429 .*retry-after: \d+/m)
    expect(limited).toMatch(/^ +The user "ada" is limited to 3 requests a minute; try again in \d+ s$/m)
    expect(partOf(stdout, 'bob asks').match(/corral-cache: \w+/g)).toEqual(['corral-cache: miss', 'corral-cache: hit'])
    const used = partOf(stdout, 'Who used what')
    expect(used).toMatch(/^ {2}ada +4 +1 +\d+ +\d+ /m)
    expect(used).toMatch(/^ {2}bob +2 +0 +\d+ +\d+ /m)
    expect(partOf(stdout, 'How much')).toMatch(/ada/)
    const audit = partOf(stdout, 'Who changed what')
    for (const name of ['ada', 'bob']) expect(audit).toMatch(new RegExp(`user\\.create +${name} `))
    expect(stdout).toMatch(/^Key +crl_\w+$/m)
    const last = stdout.trim().split('\n').at(-1) ?? ''
    expect(last).toMatch(/^requests \d+ +running 0 +tokens\/s [1-9]\d* +errors 0$/)
  },
)

it('npm run demo says what is wrong with how long it shall last', async () => {
  const { code, stdout, stderr } = await runCommand(DEMO, ['--seconds', 'ages'], { folder: ROOT })
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toBe('--seconds wants a number above 0 and up to 86400, not "ages"\n')
})
