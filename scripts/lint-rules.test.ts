import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

interface Example {
  readonly rule: string
  readonly path: string
  readonly source: string
}

const promise = `async function work(): Promise<number> { return 1 }\n`
const lines = (count: number): string => Array.from({ length: count }, (_, i) => `export const a${i} = ${i}`).join('\n')
const body = (count: number): string => Array.from({ length: count }, (_, i) => `  total += ${i}`).join('\n')

/** One bad example for each rule the house style rests on. */
const examples: readonly Example[] = [
  {
    rule: 'no-floating-promises',
    path: 'src/proxy/floating.ts',
    source: `${promise}export function f(): void { work() }`,
  },
  {
    rule: 'no-misused-promises',
    path: 'src/proxy/misused.ts',
    source: `${promise}export const f = (): number => (work() ? 1 : 2)`,
  },
  {
    rule: 'await-thenable',
    path: 'src/proxy/thenable.ts',
    source: 'export async function f(): Promise<void> { await 1 }',
  },
  {
    rule: 'switch-exhaustiveness-check',
    path: 'src/proxy/exhaustive.ts',
    source: `export function f(kind: 'a' | 'b'): number {\n  switch (kind) {\n    case 'a':\n      return 1\n  }\n  return 2\n}`,
  },
  { rule: 'no-explicit-any', path: 'src/proxy/any.ts', source: 'export function f(value: any): number { return 1 }' },
  { rule: 'no-unsafe-assignment', path: 'src/proxy/unsafe.ts', source: `export const value = { a: JSON.parse('{}') }` },
  {
    rule: 'no-non-null-assertion',
    path: 'src/proxy/bang.ts',
    source: 'export const f = (a: string | null): string => a!',
  },
  { rule: 'only-throw-error', path: 'src/proxy/throw.ts', source: `export function f(): never { throw 'text' }` },
  {
    rule: 'consistent-type-imports',
    path: 'src/proxy/types.ts',
    source: `import { A } from './b.ts'\nexport const f = (a: A): A => a`,
  },
  {
    rule: 'max-params',
    path: 'src/proxy/params.ts',
    source: 'export const f = (a: 1, b: 2, c: 3, d: 4) => [a, b, c, d]',
  },
  {
    rule: 'max-lines-per-function',
    path: 'src/proxy/long-function.ts',
    source: `export function f(): number {\n  let total = 0\n${body(60)}\n  return total\n}`,
  },
  { rule: 'max-lines', path: 'src/proxy/long-file.ts', source: lines(401) },
  {
    rule: 'no-cycle',
    path: 'src/proxy/cycle-a.ts',
    source: `import type { B } from './cycle-b.ts'\nexport type A = B | 1`,
  },
  {
    rule: 'no-cycle',
    path: 'src/proxy/cycle-b.ts',
    source: `import type { A } from './cycle-a.ts'\nexport type B = A | 2`,
  },
  { rule: 'filename-case', path: 'src/proxy/camelCase.ts', source: 'export const a = 1' },
  { rule: 'no-default-export', path: 'src/proxy/default.ts', source: 'export default 1' },
  { rule: 'no-barrel-file', path: 'src/proxy/barrel.ts', source: `export * from './b.ts'` },
  { rule: 'no-process-env', path: 'src/http/environment.ts', source: `export const home = process.env['HOME']` },
  { rule: 'no-restricted-globals', path: 'src/auth/runtime.ts', source: 'export const id = process.pid' },
  { rule: 'no-console', path: 'src/http/print.ts', source: `console.log('text')` },
  {
    rule: 'no-nested-ternary',
    path: 'src/proxy/ternary.ts',
    source: 'export const f = (a: number) => (a > 1 ? 1 : a > 0 ? 2 : 3)',
  },
  { rule: 'eqeqeq', path: 'src/proxy/equal.ts', source: `export const f = (a: string, b: string) => a == b` },
  {
    rule: 'prefer-node-protocol',
    path: 'src/http/builtin.ts',
    source: `import { join } from 'path'\nexport const a = join('b')`,
  },
]

const good: readonly Example[] = [
  { rule: '', path: 'src/proxy/b.ts', source: 'export interface A {\n  readonly a: 1\n}\n' },
  { rule: '', path: 'src/config/environment.ts', source: `export const home = process.env['HOME']\n` },
  {
    rule: '',
    path: 'src/cli/print.ts',
    source: `export function print(text: string): void {\n  console.log(text)\n}\n`,
  },
  { rule: '', path: 'src/main.ts', source: `export const environment = process.env\n` },
]

const found = new Map<string, string[]>()
const folder = mkdtempSync(join(tmpdir(), 'corral-lint-'))

beforeAll(async () => {
  for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) cpSync(join(root, name), join(folder, name))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const { path, source } of [...examples, ...good]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), source)
  }
  const report = await lint()
  for (const { filename, code } of report.diagnostics) found.set(filename, [...(found.get(filename) ?? []), code])
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Report {
  readonly diagnostics: readonly { readonly filename: string; readonly code: string }[]
}

function lint(): Promise<Report> {
  const program = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint')
  return new Promise((resolve, reject) => {
    // The exit code is 1 because there is something to report.
    execFile(process.execPath, [program, '-f', 'json'], { cwd: folder, maxBuffer: 1 << 24 }, (_, stdout, stderr) => {
      if (stdout.startsWith('{')) resolve(JSON.parse(stdout) as Report)
      else reject(new Error(`oxlint said: ${stdout}${stderr}`))
    })
  })
}

describe('the linter', () => {
  it.each(examples)('reports $rule in $path', ({ rule, path }) => {
    expect(found.get(path)?.map((code) => code.replace(/^.*\(|\)$/g, ''))).toContain(rule)
  })
  it.each(good)('lets $path pass', ({ path }) => {
    expect(found.get(path)).toBeUndefined()
  })
})
