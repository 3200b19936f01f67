import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseModelName } from './model-name.ts'

function canonical(raw: string): string {
  const name = parseModelName(raw)
  return name.kind === 'invalid' ? 'invalid' : `${name.kind} ${name.canonical}`
}

describe('parseModelName', () => {
  it.each([
    ['llama3', 'local llama3:latest'],
    ['  llama3\n', 'local llama3:latest'],
    ['\u0085llama3\u3000', 'local llama3:latest'],
    ['LLAMA3:Latest', 'local llama3:latest'],
    ['library/llama3', 'local llama3:latest'],
    ['Registry.ollama.ai/library/Llama3', 'local llama3:latest'],
    ['https://registry.ollama.ai/library/llama3:latest', 'local llama3:latest'],
    ['llama3:local', 'local llama3:latest'],
    ['llama3:8b:LOCAL', 'local llama3:8b'],
    ['qwen3:8b', 'local qwen3:8b'],
    ['user/m', 'local user/m:latest'],
    ['hf.co/Org/Repo:Q4_K_M', 'local hf.co/org/repo:q4_k_m'],
    ['ollama.com/library/llama3', 'local ollama.com/library/llama3:latest'],
    ['http://10.0.0.5:5000/x/y:z', 'local 10.0.0.5:5000/x/y:z'],
    ['host:5000/ns/m', 'local host:5000/ns/m:latest'],
    ['gpt-oss:120b-cloud', 'cloud gpt-oss:120b-cloud'],
    ['gpt-oss:120b:cloud', 'cloud gpt-oss:120b-cloud'],
    ['GPT-OSS:120B-Cloud', 'cloud gpt-oss:120b-cloud'],
    ['x:cloud', 'cloud x:cloud'],
    ['x:latest-cloud', 'cloud x:cloud'],
    ['library/x:latest:CLOUD', 'cloud x:cloud'],
    ['x-cloud', 'local x-cloud:latest'],
    ['m:cloudy', 'local m:cloudy'],
    ['_m', 'local _m:latest'],
  ])('reads %j as %s', (raw, expected) => {
    expect(canonical(raw)).toBe(expected)
  })

  it.each([
    '',
    ' ',
    ':',
    'x:',
    ':x',
    '/x',
    'x/',
    'a//b',
    'a/b/c/d',
    '-x',
    '.x',
    'x:-cloud',
    'x: cloud',
    'x :cloud',
    'a b',
    'x:local:cloud',
    'x:cloud:local',
    'x:cloud:cloud',
    'x:local:local',
    'x:cloud-cloud',
    'x:local-cloud',
    ':cloud',
    'x@sha256:abc',
    'n.s/x',
    'x:a:b',
    'ftp://h/n/m',
    'http://h/m',
    'http://m',
    '../x',
    'x\u0000',
    '\ufeffx',
    '\u212aim',
    'x'.repeat(81),
    `x:${'t'.repeat(81)}`,
    `${'n'.repeat(81)}/x`,
    `${'h'.repeat(351)}/n/x`,
    'x'.repeat(100_000),
  ])('refuses %j', (raw) => {
    expect(canonical(raw)).toBe('invalid')
  })

  it('takes parts of the greatest length', () => {
    const longest = `${'h'.repeat(350)}/${'n'.repeat(80)}/${'m'.repeat(80)}:${'t'.repeat(80)}`
    expect(canonical(longest)).toBe(`local ${longest}`)
    expect(canonical(`${longest}-cloud`)).toBe(`cloud ${longest}-cloud`)
  })
})

const first = fc.constantFrom(...'abcxyzABCXYZ0189_')
const part = (more: string) =>
  fc.tuple(first, fc.string({ unit: fc.constantFrom(...`abXY09_${more}`), maxLength: 12 })).map(([a, b]) => a + b)
const modelPart = part('-.')
const tagPart = part('-.').filter((tag) => !/^(local|cloud)$|-cloud$/i.test(tag))
const plainName = fc.record({
  path: fc.oneof(
    modelPart.map((model) => [model]),
    fc.tuple(part('-'), modelPart),
    fc.tuple(part('-.'), part('-'), modelPart),
  ),
  tag: fc.option(tagPart, { nil: undefined }),
})

type PlainName = { path: string[]; tag: string | undefined }

function write(name: PlainName): string {
  return name.path.join('/') + (name.tag === undefined ? '' : `:${name.tag}`)
}

function spellings(name: PlainName): string[] {
  const text = write(name)
  const all = [text, `\t${text} `, text.toUpperCase(), `${text}:local`, `${text}:Local`]
  if (name.tag === undefined) all.push(`${text}:latest`, `${text}:LATEST`)
  if (name.path.length === 1)
    all.push(`library/${text}`, `Library/${text}`, `https://registry.ollama.ai/library/${text}`)
  if (name.path.length === 2) all.push(`registry.ollama.ai/${text}`)
  if (name.path.length === 3) all.push(`http://${text}`)
  return all
}

describe('parseModelName, for any name', () => {
  it('gives one canonical form to all spellings', () => {
    fc.assert(
      fc.property(plainName, (name) => {
        const forms = new Set(spellings(name).map(canonical))
        expect([...forms]).toHaveLength(1)
        expect(forms.has('invalid')).toBe(false)
      }),
    )
  })

  it('is idempotent, local and cloud alike', () => {
    fc.assert(
      fc.property(plainName, fc.constantFrom('', ':cloud', ':local'), (name, suffix) => {
        const once = parseModelName(write(name) + suffix)
        if (once.kind === 'invalid') throw new Error(`${write(name)}${suffix} was refused`)
        expect(parseModelName(once.canonical)).toEqual(once)
      }),
    )
  })

  it('never takes a cloud model for the local one', () => {
    fc.assert(
      fc.property(plainName, (name) => {
        const cloud = parseModelName(`${write(name)}:cloud`)
        expect(cloud.kind).toBe('cloud')
        for (const spelling of spellings(name)) expect(parseModelName(spelling)).not.toEqual(cloud)
      }),
    )
  })

  it('takes any text without throwing, and what it takes fits the grammar', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const name = parseModelName(text)
        if (name.kind !== 'invalid') expect(name.canonical).toMatch(/^[a-z0-9_][a-z0-9_.:/-]*:[a-z0-9_][a-z0-9_.-]*$/)
      }),
    )
  })
})
