import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runCommand } from './harness/run-command.ts'
import { ROOT } from './harness/start-gateway.ts'

it('npm run demo shows a key and a load that goes well, and ends by itself', async () => {
  const { code, stdout, stderr } = await runCommand(join(ROOT, 'scripts/demo.ts'), ['--seconds', '5'], { folder: ROOT })
  expect(stderr).toBe('')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^Key +crl_\w+$/m)
  const last = stdout.trim().split('\n').at(-1) ?? ''
  expect(last).toMatch(/^requests \d+ +running 0 +tokens\/s [1-9]\d* +errors 0$/)
})
