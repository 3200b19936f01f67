import { describe, expect, it } from 'vitest'
import { routes } from './route-table.ts'
import { createRouteTable } from './route-match.ts'

const table = createRouteTable(routes)
const found = (method: string, path: string) => {
  const match = table.match(method, path)
  return match.kind === 'route' ? match.route : undefined
}

describe('routes', () => {
  it('lists a method and path once', () => {
    const names = routes.map((route) => `${route.method} ${route.pattern}`)
    expect(new Set(names).size).toBe(names.length)
  })

  it('opens nothing but what Corral answers itself', () => {
    for (const route of routes) if (route.scope === 'open') expect(route.kind).toBe('own')
  })

  it('asks models:write for all that changes models, and for nothing else', () => {
    for (const route of routes) expect(route.scope === 'models:write').toBe(route.kind === 'write')
  })

  it('retries nothing that changes models', () => {
    for (const route of routes)
      if (route.scope === 'models:write' && route.method !== 'HEAD') expect(route.retry).toBe(false)
  })

  it('streams by default only on native routes', () => {
    const streaming = routes.filter((route) => route.streamsByDefault).map((route) => route.pattern)
    const native = ['/api/generate', '/api/chat', '/api/pull', '/api/push', '/api/create']
    expect(streaming.toSorted()).toEqual(['/admin/playground/chat', ...native].toSorted())
  })

  it('serves /call_model as a generate that does not stream unless told to', () => {
    const route = found('POST', '/call_model')
    expect(route).toMatchObject({ upstreamPath: '/api/generate', impliedStream: false, streamsByDefault: false })
    expect(route).toMatchObject({ stream: 'ndjson', scope: 'chat', dialect: 'ollama' })
  })

  it.each([
    '/api/me',
    '/api/signout',
    '/api/user/keys/x',
    '/api/experimental/web_search',
    '/api/experimental/web_fetch',
    '/api/tags/',
    '/api',
    '/v1',
    '/v1/',
    '/API/pull',
    '/api/pulls',
    '/v1/images/generations',
    '/debug/pprof',
    '/k/',
  ])('does not list %s', (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) expect(table.match(method, path)).toEqual({ kind: 'none' })
  })
})

describe('createRouteTable', () => {
  it('names the methods of a path in the order of Ollama', () => {
    expect(table.match('POST', '/api/tags')).toEqual({ kind: 'wrong-method', allow: ['HEAD', 'GET'] })
    expect(table.match('GET', '/api/generate')).toEqual({ kind: 'wrong-method', allow: ['POST'] })
    expect(table.match('GET', '/api/blobs/sha256:x')).toEqual({ kind: 'wrong-method', allow: ['HEAD', 'POST'] })
    expect(table.match('POST', '/v1/models/x')).toEqual({ kind: 'wrong-method', allow: ['GET'] })
  })

  it('gives parameters decoded', () => {
    expect(table.match('GET', '/v1/models/ns/tiny%3Av1')).toMatchObject({
      kind: 'route',
      params: { name: 'ns/tiny:v1' },
    })
    expect(table.match('HEAD', '/api/blobs/sha256:ab')).toMatchObject({
      kind: 'route',
      params: { digest: 'sha256:ab' },
    })
  })

  it('wants one segment for :name and at least one for *name', () => {
    for (const path of ['/api/blobs/', '/api/blobs/a/b', '/api/blobs', '/v1/models/', '/v1/models/x/']) {
      expect(table.match('HEAD', path)).toEqual({ kind: 'none' })
    }
  })

  it('prefers the literal path', () => {
    const rest = { ...routes[0], pattern: '/a/*rest' } as (typeof routes)[number]
    const literal = { ...rest, pattern: '/a/b' }
    expect(createRouteTable([rest, literal]).match('GET', '/a/b')).toMatchObject({ route: { pattern: '/a/b' } })
  })

  it('finds what stands behind a name, and tells it from the name itself', () => {
    const plain = { ...routes[0], method: 'DELETE', pattern: '/a/:name' } as (typeof routes)[number]
    const deeper = { ...plain, method: 'POST', pattern: '/a/:name/drain' }
    const table = createRouteTable([plain, deeper, { ...deeper, pattern: '/a/:name/wake' }])
    const found = { kind: 'route', route: { pattern: '/a/:name/drain' }, params: { name: 'gpu-1' } }
    expect(table.match('POST', '/a/gpu-1/drain')).toMatchObject(found)
    expect(table.match('DELETE', '/a/gpu-1/drain')).toEqual({ kind: 'wrong-method', allow: ['POST'] })
    expect(table.match('DELETE', '/a/drain')).toMatchObject({
      route: { pattern: '/a/:name' },
      params: { name: 'drain' },
    })
    for (const path of ['/a//drain', '/a/b/c/drain', '/a/b/drain/', '/a/b/other'])
      expect(table.match('POST', path)).toEqual({ kind: 'none' })
  })

  it('refuses patterns it cannot keep apart', () => {
    const route = { ...routes[0], pattern: '/a/:b/:c' } as (typeof routes)[number]
    expect(() => createRouteTable([route])).toThrow('/a/:b/:c')
  })
})
