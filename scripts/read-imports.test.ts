import { describe, expect, it } from 'vitest'
import { readImports } from './read-imports.ts'

function read(source: string): string[] {
  return readImports('src/a/b.ts', source).map(({ to, typeOnly }) => (typeOnly ? `type ${to}` : to))
}

describe('readImports', () => {
  it('resolves relative paths and leaves packages', () => {
    expect(read(`import { x } from '../c/d.ts'\nimport y from 'some-package'\nimport 'node:fs'`)).toEqual([
      'src/c/d.ts',
      'some-package',
      'node:fs',
    ])
  })
  it('takes only `import type` for a type-only import, because the other form loads the module', () => {
    expect(read(`import type { A } from './a.ts'\nimport { type B } from './b2.ts'`)).toEqual([
      'type src/a/a.ts',
      'src/a/b2.ts',
    ])
  })
  it('reads re-exports and dynamic imports', () => {
    expect(read(`export { x } from './x.ts'\nexport type { Y } from './y.ts'\nawait import('./z.ts')`)).toEqual([
      'src/a/x.ts',
      'type src/a/y.ts',
      'src/a/z.ts',
    ])
  })
  it('is not misled by comments, strings and own exports', () => {
    expect(read(`// import './no.ts'\nconst text = "import './no.ts'"\nexport const z = text`)).toEqual([])
  })
})
