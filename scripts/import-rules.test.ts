import { describe, expect, it } from 'vitest'
import { importCycles, importProblem } from './import-rules.ts'

function problem(from: string, to: string, typeOnly = false): string | undefined {
  return importProblem({ from: `src/${from}`, to: to.includes('/') && !to.includes(':') ? `src/${to}` : to, typeOnly })
}

describe('importProblem, down the arrows', () => {
  it.each([
    ['main.ts', 'cli/program.ts'],
    ['cli/serve.ts', 'app/gateway.ts'],
    ['cli/serve.ts', 'config/load.ts'],
    ['app/gateway.ts', 'store/open-store.ts'],
    ['http/listener.ts', 'auth/scope.ts'],
    ['proxy/exchange.ts', 'errors/gateway-error.ts'],
    ['errors/gateway-error.ts', 'lib/clock.ts'],
    ['config/load.ts', 'auth/settings.ts'],
    ['proxy/exchange.ts', 'proxy/attempt.ts'],
  ])('lets %s import %s', (from, to) => {
    expect(problem(from, to)).toBeUndefined()
  })

  it.each([
    ['lib/clock.ts', 'errors/gateway-error.ts', 'arrows point down only'],
    ['errors/catalogue.ts', 'dialects/dialect.ts', 'arrows point down only'],
    ['proxy/exchange.ts', 'http/listener.ts', 'arrows point down only'],
    ['http/listener.ts', 'app/gateway.ts', 'arrows point down only'],
    ['app/gateway.ts', 'cli/serve.ts', 'arrows point down only'],
    ['http/listener.ts', 'admin/keys.ts', 'siblings'],
    ['proxy/exchange.ts', 'routing/selection/select.ts', 'siblings'],
    ['auth/authenticator.ts', 'config/load.ts', 'never imports config/'],
    ['config/load.ts', 'auth/authenticator.ts', 'settings slices'],
    ['admin/keys.ts', 'store/open-store.ts', 'only app/ and cli/ choose'],
    ['app/gateway.ts', 'auth/internal/digest.ts', 'closed'],
    ['app/gateway.ts', 'utils/strings.ts', 'no place among the arrows'],
    ['app/gateway.ts', 'auth/scope.test.ts', 'does not import its tests'],
    ['routing/router.ts', 'routing/__fixtures__/manual-time.ts', 'does not import its tests'],
  ])('refuses %s importing %s', (from, to, words) => {
    expect(problem(from, to)).toContain(words)
  })

  it('lets siblings know each other by type only', () => {
    expect(problem('proxy/exchange.ts', 'routing/selection/select.ts', true)).toBeUndefined()
    expect(problem('admin/keys.ts', 'auth/key-store.ts', true)).toBeUndefined()
  })
  it('refuses types that come from above', () => {
    expect(problem('lib/clock.ts', 'proxy/route.ts', true)).toContain('arrows point down only')
    expect(problem('auth/authenticator.ts', 'config/settings.ts', true)).toContain('never imports config/')
  })
  it('leaves tests alone', () => {
    expect(problem('proxy/exchange.test.ts', 'routing/selection/select.ts')).toBeUndefined()
  })
})

describe('importProblem, what runs on Workers', () => {
  it.each(['auth', 'proxy', 'routing', 'limits', 'dialects', 'errors', 'lib', 'tunnel/wire', 'tunnel/server'])(
    'lets %s use node:crypto and node:buffer alone',
    (folder) => {
      expect(problem(`${folder}/part.ts`, 'node:crypto')).toBeUndefined()
      expect(problem(`${folder}/part.ts`, 'node:buffer')).toBeUndefined()
      expect(problem(`${folder}/part.ts`, 'node:fs')).toContain('Workers')
      expect(problem(`${folder}/part.ts`, 'node:fs', true)).toContain('Workers')
    },
  )
  it.each(['http', 'store', 'upstreams', 'app', 'tunnel/agent'])('leaves %s its built-ins', (folder) => {
    expect(problem(`${folder}/part.ts`, 'node:net')).toBeUndefined()
  })
})

describe('importProblem, libraries', () => {
  it('keeps a library in its home', () => {
    expect(problem('store/open-store.ts', 'kysely')).toBeUndefined()
    expect(problem('auth/keys.ts', 'kysely')).toContain('src/store/')
    expect(problem('tunnel/node/ws-transport.ts', 'ws')).toBeUndefined()
    expect(problem('tunnel/server/registry.ts', 'ws')).toContain('src/tunnel/node/')
    expect(importProblem({ from: 'src/auth/a.ts', to: 'kysely/helpers', typeOnly: false })).toContain('src/store/')
  })
  it('keeps tests, benchmarks and scripts out of the product', () => {
    const edge = { from: 'src/cli/demo.ts', to: 'test/fakes/fake-ollama/start.ts', typeOnly: false }
    expect(importProblem(edge)).toContain('does not import its tests')
  })
})

describe('importCycles', () => {
  const edge = (from: string, to: string) => ({ from, to, typeOnly: true })
  it('tells each cycle once, type-only ones too', () => {
    const edges = [edge('a', 'b'), edge('b', 'c'), edge('c', 'a'), edge('d', 'a')]
    expect(importCycles(edges)).toEqual([['a', 'b', 'c']])
  })
  it('finds none where two paths meet', () => {
    expect(importCycles([edge('a', 'b'), edge('a', 'c'), edge('b', 'd'), edge('c', 'd')])).toEqual([])
  })
})

describe('importProblem, of the page', () => {
  const problemOf = (from: string, to: string) => importProblem({ from, to, typeOnly: true })

  it.each(['console/src/format.ts', 'console/src/admin-types.ts', 'preact', 'preact/hooks', 'uplot'])(
    'lets it import %s',
    (to) => expect(problemOf('console/src/app.tsx', to)).toBeUndefined(),
  )

  it.each(['src/admin/schemas.ts', 'src/lib/duration.ts', 'node:fs', 'zod', 'test/fakes/temp-folder.ts'])(
    'refuses it %s, be it for types alone',
    (to) => expect(problemOf('console/src/app.tsx', to)).toContain('the page imports nothing but'),
  )

  it('keeps it out of the gateway', () => {
    expect(problemOf('src/http/console-files.ts', 'console/src/format.ts')).toContain('knows nothing of it')
  })
})
