import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runtimeBinary } from '../../../scripts/runtime-list.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { freshClone } from '../harness/fresh-clone.ts'
import { walkThrough } from './walk-through.ts'

const minutes = 60_000

it(
  'deno task server runs the gateway from a clone, with nothing but Deno',
  { timeout: 5 * minutes },
  async (context) => {
    const deno = runtimeBinary('deno')
    if (deno === undefined) return context.skip('Deno is not installed')
    await using clone = await freshClone({ packages: 'none' })
    const lock = readFileSync(join(clone.folder, 'deno.lock'), 'utf8')
    const said = await walkThrough({
      program: deno,
      args: ['task', 'server', '--listen', '127.0.0.1:0'],
      folder: clone.folder,
      env: { DENO_DIR: tempFolder(), PATH: `${join(deno, '..')}:/usr/bin:/bin`, NO_COLOR: '1' },
      readyMs: 4 * minutes,
    })
    expect(said).toContain('"msg":"Stopped"')
    // What it needs is in Deno's own cache, and is what the lock names.
    expect(existsSync(join(clone.folder, 'node_modules'))).toBe(false)
    expect(readFileSync(join(clone.folder, 'deno.lock'), 'utf8')).toBe(lock)
  },
)
