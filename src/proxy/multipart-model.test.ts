import { describe, expect, it } from 'vitest'
import { multipartModels } from './multipart-model.ts'

const TYPE = 'multipart/form-data; boundary=b0'
const encode = (text: string): Uint8Array => Buffer.from(text, 'latin1')

function part(head: string, value: string): string {
  return `--b0\r\n${head}\r\n\r\n${value}\r\n`
}

function field(name: string, value: string): string {
  return part(`Content-Disposition: form-data; name="${name}"`, value)
}

const FILE = part(
  'Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav',
  '\0\u00ffRIFF\n\n--not it',
)

function form(...parts: string[]): Uint8Array {
  return encode(`${parts.join('')}--b0--\r\n`)
}

describe('multipartModels', () => {
  it('reads the field wherever it stands', () => {
    expect(multipartModels(TYPE, form(field('model', 'whisper'), FILE))).toEqual(['whisper'])
    expect(multipartModels(TYPE, form(FILE, field('language', 'en'), field('model', ' whisper')))).toEqual([' whisper'])
    expect(multipartModels(TYPE, form(FILE))).toEqual([])
    expect(multipartModels(TYPE, form(part('content-disposition:form-data;name=model', 'x')))).toEqual(['x'])
  })

  it('takes what clients send: a quoted boundary, a charset, a final line end or none, a name of a file in full Unicode', () => {
    const body = form(FILE, field('model', 'x'))
    for (const type of ['multipart/form-data; boundary="b0"', 'Multipart/Form-Data; charset=utf-8; boundary=b0']) {
      expect(multipartModels(type, body)).toEqual(['x'])
    }
    expect(multipartModels(TYPE, body.subarray(0, body.length - 2))).toEqual(['x'])
    const named = part(`Content-Disposition: form-data; name="file"; filename="a"; filename*=utf-8''%C3%A9`, 'x')
    expect(multipartModels(TYPE, form(named, field('model', 'x')))).toEqual(['x'])
  })

  it('knows a body that is no form', () => {
    for (const type of [
      undefined,
      'application/json',
      'multipart/mixed; boundary=b0',
      'multipart/form-data',
      'multipart/form-data; boundary=',
    ]) {
      expect(multipartModels(type, form(field('model', 'x')))).toBeNull()
    }
  })

  it('refuses a second model, and a name that another reader could take for it', () => {
    const spellings = [
      'Content-Disposition: form-data; name="Model"',
      'Content-Disposition: form-data; name="mo\\del"',
      "Content-Disposition: form-data; name*=utf-8''model",
      'Content-Disposition: form-data; name*0="mo"; name*1="del"',
      "Content-Disposition: form-data; name*=utf-8''%6dodel",
      'Content-Disposition: form-data; name="x"; name="model"',
      'Content-Disposition: form-data;\r\n name="model"; name="x"',
    ]
    for (const head of spellings) expect(() => multipartModels(TYPE, form(part(head, 'x'))), head).toThrow(/unusual/)
    expect(() => multipartModels(TYPE, form(field('model', 'a'), field('model', 'b')))).toThrow(/twice/)
  })

  it('refuses framing that Go reads otherwise, so that no model passes unseen', () => {
    const hidden: readonly [string, string][] = [
      ['bare line feeds after the head', `--b0\r\nContent-Disposition: form-data; name="model"\n\nx\r\n--b0--\r\n`],
      ['bare line feeds everywhere', `--b0\nContent-Disposition: form-data; name="model"\n\nx\n--b0--\n`],
      [
        'a head beyond what is read',
        part(`X: ${'x'.repeat(9000)}\r\nContent-Disposition: form-data; name="model"`, 'x') + '--b0--\r\n',
      ],
      ['a part without a head', '--b0\r\nx\r\n--b0--\r\n'],
      ['a boundary inside a line', `${part('Content-Disposition: form-data; name="model"', 'allowed--b0')}--b0--\r\n`],
      ['a boundary that goes on', `--b0x\r\n\r\n\r\n${field('model', 'x')}--b0--\r\n`],
      ['blanks after a boundary', '--b0 \r\nContent-Disposition: form-data; name="model"\r\n\r\nx\r\n--b0--\r\n'],
      ['words before the first boundary', `hello\r\n${field('model', 'x')}--b0--\r\n`],
      ['no end', field('model', 'x')],
      ['parts after the end', `${field('model', 'x')}--b0--\r\n${field('model', 'y')}--b0--\r\n`],
      ['nothing', ''],
    ]
    for (const [name, body] of hidden) expect(() => multipartModels(TYPE, encode(body)), name).toThrow(/form/)
  })

  it('refuses a boundary that Go reads otherwise', () => {
    const types = [
      "multipart/form-data; boundary=b0; boundary*=utf-8''c0",
      'multipart/form-data; boundary*0=b; boundary*1=0',
      'multipart/form-data; boundary=b0; boundary=c0',
      'multipart/form-data; x="; boundary=b0"; boundary=c0',
      'multipart/form-data; boundary="b\\;0"',
      'multipart/form-data; boundary="b0',
      `multipart/form-data; boundary=${'b'.repeat(71)}`,
    ]
    for (const type of types) expect(multipartModels(type, form(field('model', 'x'))), type).toBeNull()
  })
})
