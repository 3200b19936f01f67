import { describe, expect, it } from 'vitest'
import { createOriginGuard } from './origin-guard.ts'

const guard = (mode: 'keys' | 'none', corsOrigins: string[] = []): ((...headers: string[]) => boolean) => {
  const serves = createOriginGuard({ auth: { mode }, http: { corsOrigins } })
  return (...headers) => serves(headers)
}

describe('createOriginGuard', () => {
  it('lets every page in where a key is asked for, or every origin is listed', () => {
    for (const serves of [guard('keys'), guard('none', ['*'])])
      expect(serves('Origin', 'https://evil.example')).toBe(true)
  })

  it('turns foreign pages away without keys, framed and re-spelt ones too', () => {
    const serves = guard('none', ['https://app.example'])
    for (const origin of [
      'https://evil.example',
      'http://localhost.evil.example',
      'http://127.0.0.1.evil.example:80',
      'http://app.example',
      'null',
      '',
    ]) {
      expect([origin, serves('Origin', origin, 'Host', 'localhost:11435')]).toEqual([origin, false])
    }
  })

  it('serves what is no page, pages of this machine, its own and those listed', () => {
    const serves = guard('none', ['https://app.example'])
    expect(serves('Host', 'x')).toBe(true)
    for (const origin of [
      'http://localhost:3000',
      'https://127.0.0.1',
      'http://[::1]:8080',
      'http://0.0.0.0:1',
      'app://obsidian.md',
      'vscode-webview://abc',
      'HTTPS://App.Example',
      'http://gpu.lan:11435',
    ]) {
      expect([origin, serves('Host', 'gpu.lan:11435', 'Origin', origin)]).toEqual([origin, true])
    }
  })
})
