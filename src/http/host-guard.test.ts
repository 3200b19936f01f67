import { describe, expect, it } from 'vitest'
import { createHostGuard } from './host-guard.ts'

function guard(
  mode: 'keys' | 'none',
  more: { nonePublic?: boolean; listen?: string[]; corsOrigins?: string[] } = {},
): (host: string | undefined) => boolean {
  return createHostGuard({
    auth: { mode, nonePublic: more.nonePublic ?? false },
    http: { listen: (more.listen ?? ['127.0.0.1']).map((host) => ({ host })), corsOrigins: more.corsOrigins ?? [] },
  })
}

describe('createHostGuard', () => {
  it('serves any name where there are keys, or where the public may come', () => {
    for (const serves of [guard('keys'), guard('none', { nonePublic: true })]) {
      expect([serves('evil.example'), serves(undefined)]).toEqual([true, true])
    }
  })

  it('serves loopback names and addresses without keys', () => {
    const serves = guard('none')
    for (const host of [
      'localhost',
      'LOCALHOST:11435',
      'app.localhost',
      '127.0.0.1',
      '127.8.9.1:1',
      '[::1]',
      '[::1]:11435',
    ]) {
      expect([host, serves(host)]).toEqual([host, true])
    }
  })

  it('turns away every other name, so that a re-bound one gets nothing', () => {
    const serves = guard('none')
    const names = [
      'evil.example',
      'evil.example:11435',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'notlocalhost',
      '203.0.113.7',
      '[2001:db8::1]',
      '',
      undefined,
      '[',
      'localhost@evil.example',
    ]
    for (const host of names) expect([host, serves(host)]).toEqual([host, false])
  })

  it('serves what was configured: the name it listens on, the host of a listed origin', () => {
    const serves = guard('none', { listen: ['gpu.lan'], corsOrigins: ['https://app.example:8443', '*'] })
    expect([serves('gpu.lan:11435'), serves('app.example'), serves('other.example')]).toEqual([true, true, false])
  })
})
