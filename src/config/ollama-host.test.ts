import { describe, expect, it } from 'vitest'
import { findOllama } from './ollama-host.ts'

describe('findOllama', () => {
  it.each([
    [{}, 'http://127.0.0.1:11434'],
    [{ OLLAMA_HOST: 'gpu' }, 'http://gpu:11434'],
    [{ OLLAMA_HOST: 'gpu:8080' }, 'http://gpu:8080'],
    [{ OLLAMA_HOST: ' "gpu:8080" ' }, 'http://gpu:8080'],
    [{ OLLAMA_HOST: 'gpu:8080/k/x/' }, 'http://gpu:8080/k/x'],
    [{ OLLAMA_HOST: 'http://gpu' }, 'http://gpu'],
    [{ OLLAMA_HOST: 'HTTPS://gpu/ollama' }, 'https://gpu/ollama'],
    [{ OLLAMA_HOST: 'ollama.com' }, 'https://ollama.com'],
    [{ OLLAMA_HOST: '0.0.0.0' }, 'http://127.0.0.1:11434'],
    [{ OLLAMA_HOST: '0.0.0.0:1' }, 'http://127.0.0.1:1'],
    [{ OLLAMA_HOST: ':1' }, 'http://127.0.0.1:1'],
    [{ OLLAMA_HOST: '[::]:1' }, 'http://[::1]:1'],
    [{ OLLAMA_HOST: '[fe80::1]' }, 'http://[fe80::1]:11434'],
    [{ OLLAMA_HOST: '::1' }, 'http://[::1]:11434'],
    [{ OLLAMA_HOST: 'gpu', OLLAMA_PORT: '7' }, 'http://gpu:7'],
    [{ OLLAMA_HOST: 'gpu:8', OLLAMA_PORT: '7' }, 'http://gpu:8'],
    [{ OLLAMA_PORT: '7' }, 'http://127.0.0.1:7'],
    [{ OLLAMA_URL: 'http://u:p@a:1/x', OLLAMA_HOST: 'b' }, 'http://u:p@a:1/x'],
  ])('%j is %s', (variables, url) => {
    expect(findOllama(variables).url).toBe(url)
  })

  it('says by which variable', () => {
    expect(findOllama({ OLLAMA_HOST: 'b', OLLAMA_URL: 'http://a' }).variable).toBe('OLLAMA_URL')
    expect(findOllama({}).variable).toBeNull()
  })
})
