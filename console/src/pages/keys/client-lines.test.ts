import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { agentLine, clientLines, type Connection } from './client-lines.ts'

const connection: Connection = {
  url: 'https://gateway.example.com',
  secret: 'crl_abc123',
  shell: 'sh',
  model: 'qwen3:8b',
  pathKeys: true,
}

function linesOf(id: string, changes: Partial<Connection> = {}): readonly string[] {
  return clientLines({ ...connection, ...changes }).find((client) => client.id === id)?.lines ?? []
}

describe('lines to paste', () => {
  it('puts the key where each client looks for it', () => {
    expect(linesOf('ollama')).toEqual(['export OLLAMA_HOST=https://gateway.example.com/k/crl_abc123'])
    expect(linesOf('openai')).toEqual([
      'export OPENAI_BASE_URL=https://gateway.example.com/v1',
      'export OPENAI_API_KEY=crl_abc123',
    ])
    expect(linesOf('anthropic')).toContain('export ANTHROPIC_BASE_URL=https://gateway.example.com')
    expect(linesOf('open-webui')).toEqual(['https://gateway.example.com', 'crl_abc123'])
    expect(linesOf('codex')).toContain('base_url = "https://gateway.example.com/v1"')
  })

  it('says how the CLI signs where keys in the path are off', () => {
    const lines = linesOf('ollama', { pathKeys: false })
    expect(lines).toEqual(['export OLLAMA_HOST=https://gateway.example.com', 'export OLLAMA_AUTH=1'])
    expect(lines.join('\n')).not.toContain('crl_abc123')
  })

  it('speaks PowerShell', () => {
    expect(linesOf('openai', { shell: 'powershell' })[1]).toBe("$env:OPENAI_API_KEY = 'crl_abc123'")
    expect(linesOf('curl', { shell: 'powershell' })[1]).toContain('curl.exe')
    expect(linesOf('curl', { shell: 'powershell' })[1]).toContain('{\\"model\\":\\"qwen3:8b\\"')
  })

  it('keeps what a shell would run inside quotes', () => {
    const secret = `$(touch pwned)'; echo "no"`
    const [assignment] = linesOf('openai', { secret, url: 'http://h' }).slice(1)
    const said = execFileSync('sh', ['-c', `${assignment ?? ''}\nprintf %s "$OPENAI_API_KEY"`], { encoding: 'utf8' })
    expect(said).toBe(secret)
    const [, chat] = linesOf('curl', { model: "it's" })
    const shown = execFileSync('sh', ['-c', `curl() { printf '%s\\n' "$@"; }\n${chat ?? ''}`], { encoding: 'utf8' })
    expect(shown).toContain(`{"model":"it's","messages"`)
    expect(shown).toContain('Authorization: Bearer crl_abc123')
  })

  it('writes the line of an agent', () => {
    expect(agentLine(connection)).toBe('npx corral agent --server https://gateway.example.com --key crl_abc123')
  })
})
