import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { clientExports, clients, shellQuote } from './client-exports.ts'

const connection = { url: 'http://gw:1', key: 'crl_x', pathKeys: true }

describe('clientExports', () => {
  it('signs in place of a path key where those are off', () => {
    const lines = clientExports('ollama', { ...connection, pathKeys: false })
    expect(lines).toContain('export OLLAMA_HOST=http://gw:1')
    expect(lines).toContain('export OLLAMA_AUTH=1')
    expect(lines.join('\n')).not.toContain('crl_x')
  })

  it('escapes a key that a path cannot hold as it is', () => {
    expect(clientExports('ollama', { ...connection, key: 'a/b?c' })).toEqual([
      'export OLLAMA_HOST=http://gw:1/k/a%2Fb%3Fc',
    ])
  })

  it.each(clients)('%s is something a shell can evaluate', (client) => {
    const script = clientExports(client, { ...connection, key: `it's $(false) "x"` }).join('\n')
    expect(() => execFileSync('sh', ['-euc', script])).not.toThrow()
  })
})

it('shellQuote is undone by a shell', () => {
  const text = `it's a "$HOME" \`x\` \\ & ;`
  expect(execFileSync('sh', ['-c', `printf %s ${shellQuote(text)}`], { encoding: 'utf8' })).toBe(text)
  expect(shellQuote('http://127.0.0.1:11435/k/crl_x')).toBe('http://127.0.0.1:11435/k/crl_x')
})
