import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { run } from '../run.ts'
import type { Host } from '../terminal.ts'

/** A process of somebody else, that writes into this list. */
function hostOf(said: string[], changes: Partial<Host>): Host {
  const sink = (): NodeJS.WriteStream & { fd: 1 & 2 } => {
    const stream = new Writable({
      write(chunk, _encoding, done) {
        said.push(String(chunk))
        done()
      },
    })
    // Of a terminal's stream the command uses what every stream has.
    return stream as unknown as NodeJS.WriteStream & { fd: 1 & 2 }
  }
  const { argv, execPath, cwd, stdin, on, off, exit } = process
  const argv0 = [argv[0] ?? '', import.meta.filename]
  const args = ['service', 'install']
  const outputs = { stdout: sink(), stderr: sink() }
  return {
    argv: [...argv0, ...args],
    env: {},
    execPath,
    cwd,
    stdin,
    on,
    off,
    exit,
    ...outputs,
    platform: 'linux',
    ...changes,
  }
}

it.each([
  ['somebody who is not root', { getuid: (): number => 1000 }, /^corral: Only root may write .* sudo, .* --dry-run\n$/],
  [
    'a machine without systemd',
    { platform: 'darwin', getuid: (): number => 0 },
    /^corral: Only Linux runs systemd .*\n$/,
  ],
] as const)('tells %s in one line what to do', async (_who, changes, line) => {
  const said: string[] = []
  expect(await run(hostOf(said, changes))).toBe(1)
  expect(said.join('')).toMatch(line)
})
