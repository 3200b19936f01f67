import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { denoTrust, runtimeBinary } from '../../../scripts/runtime-list.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'
import { freshClone } from '../harness/fresh-clone.ts'
import { walkThroughAgent } from './agent-walk.ts'

const minutes = 60_000

describe.each(['ws', 'sse'])('deno task client --transport %s', (transport) => {
  it(
    'runs an agent from a clone, with nothing but Deno and no right to write',
    { timeout: 5 * minutes },
    async (context) => {
      const deno = runtimeBinary('deno')
      if (deno === undefined) return context.skip('Deno is not installed')
      await using clone = await freshClone({ packages: 'none' })
      const said = await walkThroughAgent({
        program: deno,
        args: ['task', 'client', '--transport', transport],
        folder: clone.folder,
        env: { ...denoTrust, DENO_DIR: tempFolder(), PATH: `${join(deno, '..')}:/usr/bin:/bin`, NO_COLOR: '1' },
        readyMs: 4 * minutes,
      })
      expect(said).toContain(`corral agent way connected ${transport}\n`)
      expect(said).toContain('"msg":"Stopped"')
      expect(existsSync(join(clone.folder, 'node_modules'))).toBe(false)
    },
  )
})
