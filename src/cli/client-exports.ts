export const clients = ['ollama', 'openai', 'claude', 'codex'] as const

export type Client = (typeof clients)[number]

export interface Connection {
  /** Without a final slash. */
  readonly url: string
  readonly key: string
  /** Whether the key may travel in the path. */
  readonly pathKeys: boolean
}

/** Shell lines that point a client at the gateway; comments say what a shell cannot do. */
export function clientExports(client: Client, connection: Connection): string[] {
  switch (client) {
    case 'ollama':
      return ollamaExports(connection)
    case 'openai':
      return [assign('OPENAI_BASE_URL', `${connection.url}/v1`), assign('OPENAI_API_KEY', connection.key)]
    case 'claude':
      return [
        assign('ANTHROPIC_BASE_URL', connection.url),
        assign('ANTHROPIC_AUTH_TOKEN', connection.key),
        // With both set the SDK sends two different credentials, which is an error.
        'unset ANTHROPIC_API_KEY',
        '# then: claude --model MODEL',
      ]
    case 'codex':
      return [
        assign('CORRAL_KEY', connection.key),
        '# Codex takes its server from ~/.codex/config.toml; put this there, then: codex --model MODEL',
        '# model_provider = "corral"',
        '# [model_providers.corral]',
        '# name = "Corral"',
        `# base_url = "${connection.url}/v1"`,
        '# env_key = "CORRAL_KEY"',
        '# wire_api = "responses"',
      ]
  }
}

/** What the ollama CLI takes in place of a header, which it has no way to set. */
export function ollamaHost({ url, key }: Pick<Connection, 'url' | 'key'>): string {
  return `${url}/k/${encodeURIComponent(key)}`
}

function ollamaExports(connection: Connection): string[] {
  if (connection.pathKeys) return [assign('OLLAMA_HOST', ollamaHost(connection))]
  return [
    '# auth.path_keys is off, so the ollama CLI signs with its own key: corral key add-ssh ~/.ollama/id_ed25519.pub',
    assign('OLLAMA_HOST', connection.url),
    'export OLLAMA_AUTH=1',
  ]
}

function assign(name: string, value: string): string {
  return `export ${name}=${shellQuote(value)}`
}

export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
