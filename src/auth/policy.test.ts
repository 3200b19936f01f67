import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openPrincipal } from './authenticator.ts'
import { allowsScope, allowsUpstream, judgeModels, scopeDenied, visibleModel, type ModelUse } from './policy.ts'
import type { Principal } from './principal.ts'
import { scopes } from './scope.ts'

function principal(models: readonly string[] | null, changes: Partial<Principal> = {}): Principal {
  return {
    user: 'u',
    keyId: 'k',
    keyName: 'k',
    scopes: new Set(['chat']),
    models,
    upstreams: null,
    pools: null,
    ...changes,
  }
}

function verdict(models: readonly string[] | null, names: string | string[], use: Partial<ModelUse> = {}): string {
  const all = { names: [names].flat(), remoteHosts: () => false, isForeign: () => false, webSearch: false, ...use }
  const judgement = judgeModels(principal(models), all)
  return judgement.kind === 'allowed' ? 'allowed' : judgement.error.code
}

describe('allowsScope', () => {
  it('allows exactly the scopes of the key, and open routes', () => {
    for (const scope of scopes) expect(allowsScope(principal(null), { scope })).toBe(scope === 'chat')
    expect(allowsScope(principal(null), { scope: 'open' })).toBe(true)
  })

  it('lets only users of the store manage what is their own, and not by a carrier that leaks', () => {
    expect(allowsScope(principal(null, { userId: 'u1' }), { scope: 'self' })).toBe(true)
    expect(allowsScope(principal(null, { userId: 'u1', isWeak: true }), { scope: 'self' })).toBe(false)
    expect(allowsScope(principal(null), { scope: 'self' })).toBe(false)
  })

  it('names the scope that is missing', () => {
    expect(scopeDenied(principal(null), 'models:write')).toMatchObject({
      code: 'missing_scope',
      message: 'This key has no scope "models:write"',
    })
  })

  it('speaks of no key where there is none', () => {
    expect(scopeDenied(openPrincipal, 'admin')).toMatchObject({
      code: 'missing_scope',
      message: 'auth.mode none gives nobody the scope "admin"',
    })
  })
})

describe('allowsUpstream', () => {
  it('allows all without a list, and with one its names', () => {
    expect(allowsUpstream(principal(null), 'gpu-1')).toBe(true)
    expect(allowsUpstream(principal(null, { upstreams: ['gpu-2'] }), 'gpu-1')).toBe(false)
    expect(allowsUpstream(principal(null, { upstreams: ['gpu-2'] }), 'gpu-2')).toBe(true)
    expect(allowsUpstream(principal(null, { upstreams: [] }), 'gpu-1')).toBe(false)
  })
})

describe('judgeModels', () => {
  it.each([
    [null, 'llama3', 'allowed'],
    [['llama3'], 'llama3', 'allowed'],
    [['llama3'], 'library/llama3:latest', 'allowed'],
    [['registry.ollama.ai/library/LLAMA3:latest'], 'llama3', 'allowed'],
    [['llama3'], 'llama3:8b', 'model_denied'],
    [['llama3'], 'ollama.com/library/llama3', 'model_denied'],
    [['llama3*'], 'llama3.1:8b', 'allowed'],
    [['llama3*'], 'hf.co/x/llama3:8b', 'model_denied'],
    [['*'], 'hf.co/x/y:Q4_K_M', 'allowed'],
    [[], 'llama3', 'model_denied'],
    [['qwen3:8b', 'llama3'], 'llama3', 'allowed'],
  ])('%j with %j: %s', (models, name, expected) => {
    expect(verdict(models, name)).toBe(expected)
  })

  it.each([
    [null, 'x:cloud', 'cloud_denied'],
    [['*'], 'x:cloud', 'cloud_denied'],
    [['x'], 'x:cloud', 'cloud_denied'],
    [['x*'], 'x:8b-cloud', 'cloud_denied'],
    [['*:cloud'], 'x:cloud', 'allowed'],
    [['*:cloud'], 'X:latest-CLOUD', 'allowed'],
    [['*:cloud'], 'x:8b-cloud', 'cloud_denied'],
    [['gpt-oss:*-cloud'], 'gpt-oss:120b-cloud', 'allowed'],
    [['gpt-oss:*-cloud'], 'gpt-oss:120b', 'model_denied'],
    [['gpt-oss:120b-cloud'], 'gpt-oss:120b:cloud', 'allowed'],
    [['x:cloud'], 'x', 'model_denied'],
    [['x:cloud'], 'x:cloud', 'allowed'],
    [['soundcloud'], 'soundcloud', 'allowed'],
    [['soundcloud'], 'soundcloud:cloud', 'cloud_denied'],
  ])('in the cloud, %j with %j: %s', (models, name, expected) => {
    expect(verdict(models, name)).toBe(expected)
  })

  it('wants a cloud pattern for a stub that runs on a remote host under any name', () => {
    const remoteHosts = (canonical: string): boolean => canonical === 'innocent:latest'
    expect(verdict(null, 'innocent', { remoteHosts })).toBe('cloud_denied')
    expect(verdict(['*'], 'library/Innocent', { remoteHosts })).toBe('cloud_denied')
    expect(verdict(['*', '*:cloud'], 'innocent', { remoteHosts })).toBe('allowed')
    expect(verdict(['*', '*-cloud'], 'innocent', { remoteHosts })).toBe('allowed')
    expect(verdict(['*', 'other:cloud'], 'innocent', { remoteHosts })).toBe('cloud_denied')
    expect(verdict(['*:cloud'], 'innocent', { remoteHosts })).toBe('model_denied')
    expect(verdict(['*'], 'other', { remoteHosts })).toBe('allowed')
  })

  it('wants a cloud pattern for a web_search tool', () => {
    expect(verdict(null, 'llama3', { webSearch: true })).toBe('cloud_denied')
    expect(verdict(['*'], 'llama3', { webSearch: true })).toBe('cloud_denied')
    expect(verdict(['*', '*:cloud'], 'llama3', { webSearch: true })).toBe('allowed')
  })

  it('judges every name of a request', () => {
    expect(verdict(['llama3'], ['', 'llama3'])).toBe('allowed')
    expect(verdict(['llama3'], ['llama3', 'secret-model'])).toBe('model_denied')
    expect(verdict(null, ['llama3', 'x:cloud'])).toBe('cloud_denied')
  })

  it('leaves an empty name to Ollama and refuses an invalid one', () => {
    expect(verdict([], '')).toBe('allowed')
    expect(verdict([], ' \t')).toBe('allowed')
    for (const name of ['../x', 'a/b/c/d', 'x:local:cloud', 'x@sha256:00', 'x y', '\u212aimi', 'a'.repeat(2000)]) {
      expect(verdict(null, name)).toBe('invalid_model_name')
    }
  })

  it('names the model as it is known, and says of an invalid name what Ollama says', () => {
    const use = { remoteHosts: () => false, isForeign: () => false, webSearch: false }
    const denied = judgeModels(principal(['llama3']), { names: ['Library/Qwen3'], ...use })
    expect(denied.kind === 'denied' && denied.error.message).toBe('This key may not use the model "qwen3:latest"')
    const invalid = judgeModels(principal(null), { names: [`bad\n${'x'.repeat(500)}`], ...use })
    expect(invalid.kind === 'denied' && invalid.error.message).toBe('invalid model name')
  })

  it('judges all spellings of one model alike', () => {
    const spelling = fc
      .tuple(
        fc.constantFrom('', 'library/', 'registry.ollama.ai/library/', 'https://registry.ollama.ai/library/'),
        fc.constantFrom('llama3', 'LLAMA3', 'Llama3'),
        fc.constantFrom('', ':latest', ':LATEST', ':local', ':latest:local'),
        fc.constantFrom('', ' ', '\t'),
      )
      .map(([host, name, tag, blank]) => blank + host.replace('library', 'Library') + name + tag + blank)
    const models = fc.constantFrom(null, [], ['llama3'], ['*'], ['llama3:latest'], ['qwen*'], ['llama?:*'], ['*:cloud'])
    const remote = fc.boolean()
    fc.assert(
      fc.property(spelling, models, remote, (spelling, models, remote) => {
        const remoteHosts = (canonical: string): boolean => remote && canonical === 'llama3:latest'
        expect(verdict(models, spelling, { remoteHosts })).toBe(verdict(models, 'llama3', { remoteHosts }))
      }),
    )
  })

  it('never takes a cloud model for a local one, however it is spelled', () => {
    const cloud = fc.constantFrom(
      'x:cloud',
      'X:Cloud',
      'library/x:cloud',
      'x:8b-cloud',
      'x:8b:CLOUD',
      ' x:latest-cloud ',
    )
    const models = fc.constantFrom(null, ['*'], ['x'], ['x:*'], ['x*', '*:8b'], ['?:*'])
    fc.assert(
      fc.property(cloud, models, (name, models) => {
        expect(verdict(models, name)).toBe('cloud_denied')
      }),
    )
  })
})

describe('visibleModel', () => {
  it('shows exactly what may be used', () => {
    const name = fc.constantFrom('llama3:latest', 'x:cloud', 'x:8b-cloud', 'hf.co/a/b:q4', 'stub:latest')
    const models = fc.constantFrom(null, [], ['llama3'], ['*'], ['*:cloud'], ['*', '*-cloud'])
    fc.assert(
      fc.property(name, models, fc.boolean(), (name, models, remote) => {
        const usable = verdict(models, name, { remoteHosts: () => remote }) === 'allowed'
        expect(visibleModel(principal(models), name, remote)).toBe(usable)
      }),
    )
  })
})
