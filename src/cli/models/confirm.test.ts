import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Terminal } from '../terminal.ts'
import { CommandFailure } from '../command-failure.ts'
import { confirm } from './confirm.ts'

function setUp(isTTY: boolean) {
  const stdin = Object.assign(new PassThrough(), { isTTY })
  const stderr = new PassThrough()
  const terminal = { host: { stdin, stderr } } as unknown as Terminal // what is asked of it is here
  return { stdin, stderr, terminal }
}

describe('a question', () => {
  it.each([
    ['y\n', true],
    ['YES\n', true],
    ['n\n', false],
    ['\n', false],
    ['yolo\n', false],
  ])('that is answered with %j is %s', async (answer, expected) => {
    const { stdin, stderr, terminal } = setUp(true)
    const asked = confirm(terminal, 'Remove x from a, b?')
    stdin.write(answer)
    expect(await asked).toBe(expected)
    expect(String(stderr.read())).toContain('Remove x from a, b? [y/N]')
  })

  it('that nobody answers is not agreed to', async () => {
    const { stdin, terminal } = setUp(true)
    const asked = confirm(terminal, 'Do this?')
    stdin.end()
    expect(await asked).toBe(false)
  })

  it('without a terminal says which option takes its place', async () => {
    const { terminal } = setUp(false)
    const refused = await confirm(terminal, 'Do this?').catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(CommandFailure)
    expect(refused).toMatchObject({ exitCode: 2, message: 'Do this? There is no terminal to ask in: give --yes' })
  })
})
