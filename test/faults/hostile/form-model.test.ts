import { describe, expect, it } from 'vitest'
import { multipartModels } from '../../../src/proxy/multipart-model.ts'

const TYPE = 'multipart/form-data; boundary=b0'

const form = (...parts: string[]): Uint8Array => Buffer.from(`${parts.join('')}--b0--\r\n`)
const part = (head: string, value: string): string => `--b0\r\n${head}\r\n\r\n${value}\r\n`

describe('a form whose model Go would read elsewhere', () => {
  it('is refused where white space of Unicode stands between parameters, which Go skips', () => {
    for (const space of ['\u2003', '\u0085', '\u00a0', '\u3000']) {
      for (const written of [`;${space}name="model"`, `; name${space}="model"`, `; name=${space}"model"`]) {
        const body = form(part(`Content-Disposition: form-data${written}`, 'secret'))
        expect(() => multipartModels(TYPE, body), JSON.stringify(written)).toThrow('RFC 7578')
      }
    }
  })

  it('is refused where a part has no head, so that what looks like one is its value', () => {
    const body = form('--b0\r\n\r\nContent-Disposition: form-data; name="model"\r\n\r\nallowed\r\n')
    expect(() => multipartModels(TYPE, body)).toThrow('RFC 7578')
  })

  it('is refused where a quoted text does not end on its line', () => {
    const body = form(part('X: "\r\nContent-Disposition: form-data;\u2003name=model; x="', 'secret'))
    expect(() => multipartModels(TYPE, body)).toThrow('RFC 7578')
  })

  it('is still taken with a file name in full Unicode', () => {
    const file = part('Content-Disposition: form-data; name="file"; filename="caf\u00e9 \u2003.wav"', 'x')
    expect(multipartModels(TYPE, form(file, part('Content-Disposition: form-data; name="model"', 'm')))).toEqual(['m'])
  })
})

describe('a form of nothing but delimiters', () => {
  it('is refused before it takes memory', () => {
    const body = Buffer.from('--x\r\n'.repeat(1_000_000))
    const before = performance.now()
    expect(() => multipartModels('multipart/form-data; boundary=x', body)).toThrow('RFC 7578')
    // Seconds where every part is kept; the bound leaves room for a busy machine.
    expect(performance.now() - before).toBeLessThan(300)
  })
})
