import { expect, it } from 'vitest'
import { dialProblem } from './dial-problem.ts'

const url = 'https://gateway.example.com:8443'

function failed(code: string | undefined, message = 'write EPROTO 40BD:error:0A00010B:SSL\n'): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}

it.each([
  ['ECONNREFUSED', 'nothing listens at https://gateway.example.com:8443'],
  ['ENOTFOUND', 'the host name gateway.example.com is not known'],
  ['EPROTO', 'what answers at https://gateway.example.com:8443 does not speak TLS: is it http://?'],
  ['HPE_INVALID_CONSTANT', 'what answers at https://gateway.example.com:8443 does not speak HTTP'],
  [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'the certificate of gateway.example.com:8443 is from an authority that is not known here: name it with --ca',
  ],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'the certificate of gateway.example.com:8443 is for another name'],
])('says %s in words', (code, words) => expect(dialProblem(failed(code), url)).toBe(words))

it('knows an unknown authority by what Deno calls it', () => {
  expect(dialProblem(failed(undefined, 'invalid peer certificate: UnknownIssuer'), url)).toMatch(/name it with --ca$/)
})

it('tells in one line what it has no words for', () => {
  expect(dialProblem(failed(undefined, 'first\nsecond'), url)).toBe('no connection to gateway.example.com:8443: first')
  expect(dialProblem(failed('EODD', 'odd'), url)).toBe('no connection to gateway.example.com:8443: odd (EODD)')
})
