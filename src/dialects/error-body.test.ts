import { describe, expect, it } from 'vitest'
import { GatewayError } from '../errors/gateway-error.ts'
import { renderError } from './error-body.ts'

describe('renderError', () => {
  const denied = new GatewayError('model_denied', { message: 'This key may not use model "x"' })

  it('says it as Ollama does: one string', () => {
    expect(JSON.parse(renderError(denied, 'ollama').body)).toEqual({ error: 'This key may not use model "x"' })
  })

  it('says it as OpenAI does, on Responses too', () => {
    const expected = {
      error: { message: denied.message, type: 'permission_error', param: null, code: 'model_denied' },
    }
    expect(JSON.parse(renderError(denied, 'openai').body)).toEqual(expected)
    expect(JSON.parse(renderError(denied, 'responses').body)).toEqual(expected)
  })

  it('says it as Anthropic does', () => {
    expect(JSON.parse(renderError(denied, 'anthropic').body)).toEqual({
      type: 'error',
      error: { type: 'permission_error', message: denied.message },
    })
  })

  it('tells an SDK not to retry what waiting cannot mend', () => {
    expect(renderError(denied, 'openai').headers).toContain('x-should-retry')
    const busy = new GatewayError('no_upstream', { retryAfterSeconds: 3 })
    expect(renderError(busy, 'openai').headers).not.toContain('x-should-retry')
    expect(renderError(busy, 'openai').headers.join()).toContain('retry-after,3')
  })
})
