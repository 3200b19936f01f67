import { describe, expect, it } from 'vitest'
import { GatewayError } from '../errors/gateway-error.ts'
import { upstreamChoice } from './upstream-choice.ts'

const choice = (...values: string[]): ReturnType<typeof upstreamChoice> =>
  upstreamChoice(values.flatMap((value) => ['Corral-Upstream', value]))

describe('upstreamChoice', () => {
  it('is none where the header is not there', () => {
    expect(upstreamChoice(['host', 'x', 'accept', 'y'])).toBeNull()
  })

  it('names each upstream once, in the order they came', () => {
    expect(choice('gpu-1')).toEqual(['gpu-1'])
    expect(choice(' b , a,b,\tc.d_e ')).toEqual(['b', 'a', 'c.d_e'])
    expect(choice('b', 'a,b')).toEqual(['b', 'a'])
  })

  it('is all of them where one of the names is *', () => {
    expect(choice('*')).toEqual(['*'])
    expect(choice('a, *')).toEqual(['*'])
  })

  it.each(['', 'a,,b', 'a b', '-a', 'a/b', 'http://a', `a${'x'.repeat(64)}`, 'ä', '"a"'])('refuses %j', (value) => {
    expect(choice(value)).toMatchObject({ code: 'bad_upstream_choice', status: 400 })
  })

  it('says what is wrong, bounded, in plain characters', () => {
    expect(choice(`\u0007${'é'.repeat(500)}`)).toEqual(
      new GatewayError('bad_upstream_choice', {
        message: `The header corral-upstream takes names of upstreams or *, not "${'?'.repeat(64)}"`,
      }),
    )
    const many = Array.from({ length: 65 }, (_, i) => `n${i}`).join(',')
    expect(choice(many)).toMatchObject({ message: 'The header corral-upstream takes at most 64 names' })
  })
})
