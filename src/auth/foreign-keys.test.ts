import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Secret } from '../lib/secret.ts'
import { parseKeyFile, parseTokensFile, sharedToken, type KeyFileContent } from './foreign-keys.ts'
import { createKeyDigester } from './key-digest.ts'

const pepper = Buffer.alloc(32, 7)
const plain = createKeyDigester(pepper)
const salted = createKeyDigester(pepper, { salt: 'NaCl', separator: '@separator@' })

function saltedLine(key: string): string {
  return createHash('sha256').update(`${key}@separator@NaCl`).digest('hex')
}

function digests(content: KeyFileContent): string[] {
  if (content.kind === 'malformed') throw new Error(content.problem)
  return content.keys.map((key) => key.digest)
}

describe('parseKeyFile', () => {
  it('reads one digest per line with a salt, in either case, past blank lines and comments', () => {
    const text = `\uFEFF# team\r\n\r\n${saltedLine('alpha')}\r\n  ${saltedLine('beta').toUpperCase()}  \n`
    expect(digests(parseKeyFile(text, salted))).toEqual([saltedLine('alpha'), saltedLine('beta')])
  })

  it('reads one key per line without a salt, and keeps only its digest', () => {
    const content = parseKeyFile('alpha\n\n# no longer: gamma\nbeta', plain)
    expect(digests(content)).toEqual([plain.store('alpha'), plain.store('beta')])
    expect(JSON.stringify(content)).not.toMatch(/alpha|gamma/)
  })

  it('holds nothing when it is empty', () => {
    expect(digests(parseKeyFile('', salted))).toEqual([])
  })

  it('is malformed as a whole when one line is, and does not quote it', () => {
    expect(parseKeyFile(`${saltedLine('alpha')}\nhunter2`, salted)).toEqual({
      kind: 'malformed',
      problem: 'line 2 is not 64 hex digits',
    })
    expect(parseKeyFile('two words', plain)).toEqual({
      kind: 'malformed',
      problem: 'line 1 is not a key without white space',
    })
  })

  it('gives each key an id that says nothing about its digest and stays the same', () => {
    const [first, again, other] = [saltedLine('a'), saltedLine('a'), saltedLine('b')].map((line) => {
      const content = parseKeyFile(line, salted)
      return content.kind === 'keys' ? content.keys[0]?.id : undefined
    })
    expect(first).toBe(again)
    expect(first).not.toBe(other)
    expect(first).not.toContain(saltedLine('a').slice(0, 8))
  })

  it('lets its keys chat, embed and read, not write', () => {
    const content = parseKeyFile('alpha', plain)
    expect(content.kind === 'keys' && content.keys[0]?.scopes).toEqual(['chat', 'embed', 'models:read'])
  })
})

describe('parseTokensFile', () => {
  it('reads a JSON array of strings', () => {
    const text = '["OLLAMA-6f9619ff-8b86-4011-b42d-00c04fc964ff", "any-other-token"]'
    expect(digests(parseTokensFile(text, plain))).toEqual([
      plain.store('OLLAMA-6f9619ff-8b86-4011-b42d-00c04fc964ff'),
      plain.store('any-other-token'),
    ])
  })

  it.each(['', '{}', '["a"', '[1]', '"a"', 'null', '[["a"]]'])('finds %j malformed', (text) => {
    expect(parseTokensFile(text, plain)).toEqual({ kind: 'malformed', problem: 'it is not a JSON array of strings' })
  })

  it.each(['[""]', '["a b"]', '["a", "b\\n"]'])('finds a token that no header can carry in %j malformed', (text) => {
    expect(parseTokensFile(text, plain).kind).toBe('malformed')
  })
})

describe('sharedToken', () => {
  it('carries the scopes it is given', () => {
    const key = sharedToken(new Secret('hunter2'), ['chat', 'models:write'], plain)
    expect(key).toMatchObject({ id: 'auth-token', digest: plain.store('hunter2'), scopes: ['chat', 'models:write'] })
  })

  it.each(['', 'two words', 'line\n'])('refuses %j, which no header can carry', (token) => {
    expect(() => sharedToken(new Secret(token), ['chat'], plain)).toThrow(
      'AUTH_TOKEN is empty, too long or holds white space',
    )
  })
})
