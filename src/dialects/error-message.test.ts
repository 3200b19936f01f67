import { describe, expect, it } from 'vitest'
import { GatewayError } from '../errors/gateway-error.ts'
import { renderError } from './error-body.ts'
import { errorMessage } from './error-message.ts'

describe('errorMessage', () => {
  it.each(['ollama', 'openai', 'responses', 'anthropic'] as const)('reads what %s says', (dialect) => {
    const error = new GatewayError('model_denied', { message: 'no "x"\nfor you' })
    expect(errorMessage(renderError(error, dialect).body)).toBe('no "x"\nfor you')
  })

  it('takes plain text as it is, bounded, and no page', () => {
    expect(errorMessage('404 page not found\n')).toBe('404 page not found')
    expect(errorMessage('x'.repeat(5000))).toHaveLength(2000)
    expect(errorMessage(JSON.stringify({ error: 'x'.repeat(5000) }))).toHaveLength(2000)
    expect(errorMessage('<html>502</html>')).toBeUndefined()
  })

  it.each(['', '{}', '[]', 'null', '7', '{"error":null}', '{"error":{"code":1}}', '{"error":{"message":7}}'])(
    'finds nothing in %s',
    (body) => {
      expect(errorMessage(body)).toBeUndefined()
    },
  )
})
