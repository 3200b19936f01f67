import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { denoConfig, isLocked } from './deno-config.ts'

const root = new URL('..', import.meta.url)
const libraries = { zod: '4.6.7', yaml: '2.9.1' }

describe('denoConfig', () => {
  it('takes each library in the version of package.json', () => {
    expect(JSON.parse(denoConfig(libraries))).toMatchObject({
      imports: { zod: 'npm:zod@4.6.7', yaml: 'npm:yaml@2.9.1' },
      lock: { frozen: true },
    })
  })

  it('lets an agent write no file either', () => {
    const { tasks } = JSON.parse(denoConfig({})) as { tasks: Record<string, string> }
    expect(tasks['client']).toMatch(/ src\/main\.ts agent$/)
    expect(tasks['client']).not.toMatch(/--allow-(?:write|sys )/)
  })

  it('lets the gateway start no program and load no native library', () => {
    const { tasks } = JSON.parse(denoConfig({})) as { tasks: Record<string, string> }
    expect(Object.keys(tasks)).toEqual(['corral', 'server', 'client'])
    for (const command of Object.values(tasks)) expect(command).not.toMatch(/ -A|--allow-(?:all|run|ffi|import)/)
  })
})

describe('isLocked', () => {
  const lock = (...specifiers: readonly string[]) =>
    JSON.stringify({ specifiers: Object.fromEntries(specifiers.map((name) => [name, name.split('@').at(-1)])) })

  it('wants the same libraries in the same versions', () => {
    expect(isLocked(lock('npm:yaml@2.9.1', 'npm:zod@4.6.7'), libraries)).toBe(true)
    expect(isLocked(lock('npm:yaml@2.9.0', 'npm:zod@4.6.7'), libraries)).toBe(false)
    expect(isLocked(lock('npm:zod@4.6.7'), libraries)).toBe(false)
    expect(isLocked(lock('npm:yaml@2.9.1', 'npm:zod@4.6.7', 'npm:left@1.0.0'), libraries)).toBe(false)
    expect(isLocked('{}', libraries)).toBe(false)
  })
})

it('deno.json and deno.lock are in step with package.json, and name no registry', () => {
  const read = (name: string): string => readFileSync(new URL(name, root), 'utf8')
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
  expect(read('deno.json')).toBe(denoConfig(dependencies))
  expect(isLocked(read('deno.lock'), dependencies)).toBe(true)
  expect(read('deno.lock')).not.toMatch(/https?:|tarball/)
})
