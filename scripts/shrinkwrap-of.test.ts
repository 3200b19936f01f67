import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { shrinkwrapOf, type LockFile } from './shrinkwrap-of.ts'

const root = join(import.meta.dirname, '..')
const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'))

it('keeps what runs, leaves out what develops and who was asked', () => {
  const lock = {
    name: 'door',
    lockfileVersion: 3,
    packages: {
      '': { version: '1.0.0', dependencies: { hinge: '2.0.0' }, devDependencies: { plane: '3.0.0' } },
      'node_modules/hinge': { version: '2.0.0', resolved: 'https://somewhere/hinge.tgz', integrity: 'sha512-h' },
      'node_modules/plane': { version: '3.0.0', dev: true, integrity: 'sha512-p' },
      'node_modules/bell': { version: '4.0.0', optional: true, os: 'linux', integrity: 'sha512-b' },
    },
  }
  expect(shrinkwrapOf<LockFile>(lock)).toEqual({
    name: 'door',
    lockfileVersion: 3,
    packages: {
      '': { version: '1.0.0', dependencies: { hinge: '2.0.0' } },
      'node_modules/hinge': { version: '2.0.0', integrity: 'sha512-h' },
      'node_modules/bell': { version: '4.0.0', optional: true, os: 'linux', integrity: 'sha512-b' },
    },
  })
})

it('pins every run-time dependency of the manifest at its exact version', () => {
  const manifest = read('package.json') as Record<'dependencies' | 'optionalDependencies', Record<string, string>>
  const { packages } = shrinkwrapOf(read('package-lock.json') as LockFile)
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.optionalDependencies })
  for (const [name, version] of wanted) {
    expect(packages[`node_modules/${name}`]).toMatchObject({ version, integrity: expect.stringMatching(/^sha512-/) })
  }
})

it('is made from a lock that records no addresses', () => {
  expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved"')
})
