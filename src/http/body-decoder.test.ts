import { describe, expect, it } from 'vitest'
import type { GatewayError } from '../errors/gateway-error.ts'
import { createRecordingClient } from '../proxy/__fixtures__/recording-client.ts'
import type { Route } from '../proxy/route.ts'
import type { BodyStream } from '../proxy/upstream.ts'
import { createBodyDecoder } from './body-decoder.ts'
import { routes } from './route-table.ts'

const silent = { resume: () => undefined, stop: () => undefined }
const BODY: BodyStream = { start: () => silent }
const DECODED: BodyStream = { start: () => silent }

function decode(
  pattern: string,
  coding: string | undefined,
  body: BodyStream | null = BODY,
): BodyStream | null | GatewayError {
  const route = routes.find((each) => each.method === 'POST' && each.pattern === pattern) as Route
  const headers = coding === undefined ? [] : ['Content-Encoding', coding]
  return createBodyDecoder(() => DECODED)(createRecordingClient({ headers, body }).request, route)
}

describe('createBodyDecoder', () => {
  it('leaves a plain body alone', () => {
    for (const coding of [undefined, '', 'identity', ' Identity ']) expect(decode('/api/chat', coding)).toBe(BODY)
    expect(decode('/v1/responses', 'gzip', null)).toBeNull()
  })

  it('decodes zstd where Ollama does', () => {
    for (const pattern of ['/v1/responses', '/v1/chat/completions', '/v1/messages']) {
      expect(decode(pattern, 'zstd')).toBe(DECODED)
      expect(decode(pattern, ' ZSTD')).toBe(DECODED)
    }
  })

  it('refuses it elsewhere, and any other coding, and stacked ones', () => {
    const refused: [string, string][] = [
      ['/api/chat', 'zstd'],
      ['/v1/audio/transcriptions', 'zstd'],
      ['/api/blobs/:digest', 'zstd'],
      ['/v1/responses', 'gzip'],
      ['/v1/responses', 'zstd, zstd'],
      ['/v1/responses', 'identity, gzip'],
    ]
    for (const [pattern, coding] of refused)
      expect(decode(pattern, coding)).toMatchObject({ code: 'unsupported_content_encoding' })
    expect((decode('/v1/responses', 'x'.repeat(500)) as GatewayError).message.length).toBeLessThan(120)
  })
})
