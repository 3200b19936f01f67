/** What a person has in front of them: the lines of a shell differ. */
export const shells = ['sh', 'powershell'] as const

export type Shell = (typeof shells)[number]

export interface Connection {
  /** Of the gateway as this browser reaches it, without a final slash. */
  readonly url: string
  readonly secret: string
  readonly shell: Shell
  /** A model for the examples that need one. */
  readonly model: string
  /** Whether the key may travel in the path, which is all that some clients have room for. */
  readonly pathKeys: boolean
}

export interface ClientLines {
  readonly id: string
  readonly title: string
  /** What to do with the lines, where a shell is not the place for them. */
  readonly where: string
  readonly lines: readonly string[]
}

/** Lines to paste for every client that people bring. */
export function clientLines(connection: Connection): ClientLines[] {
  const { url, secret } = connection
  return [
    ollama(connection),
    {
      id: 'openai',
      title: 'OpenAI SDKs',
      where: 'In the shell that starts the program; the SDKs read both by themselves.',
      lines: assignments(connection, [
        ['OPENAI_BASE_URL', `${url}/v1`],
        ['OPENAI_API_KEY', secret],
      ]),
    },
    {
      id: 'anthropic',
      title: 'Anthropic SDKs',
      where: 'In the shell that starts the program. The base URL has no /v1.',
      lines: assignments(connection, [
        ['ANTHROPIC_BASE_URL', url],
        ['ANTHROPIC_API_KEY', secret],
      ]),
    },
    claudeCode(connection),
    codex(connection),
    {
      id: 'open-webui',
      title: 'Open WebUI',
      where: 'Admin Settings, Connections, Ollama API: this URL, and the key in the field that the wheel opens.',
      lines: [url, secret],
    },
    curl(connection),
  ]
}

/** What is run beside an Ollama that nobody can reach. */
export function agentLine({ url, secret, shell }: Pick<Connection, 'url' | 'secret' | 'shell'>): string {
  return `npx corral agent --server ${quoted(url, shell)} --key ${quoted(secret, shell)}`
}

function ollama(connection: Connection): ClientLines {
  const { url, secret, pathKeys } = connection
  const title = 'ollama CLI'
  if (pathKeys) {
    return {
      id: 'ollama',
      title,
      where: 'The CLI sends no headers, so the key is part of the URL. Then: ollama list',
      lines: assignments(connection, [['OLLAMA_HOST', `${url}/k/${encodeURIComponent(secret)}`]]),
    }
  }
  return {
    id: 'ollama',
    title,
    where:
      'Keys in the URL are off here (auth.path_keys), so the CLI signs with its own key: an admin lets ' +
      '~/.ollama/id_ed25519.pub in with "corral key add-ssh", and this key is not needed.',
    lines: assignments(connection, [
      ['OLLAMA_HOST', url],
      ['OLLAMA_AUTH', '1'],
    ]),
  }
}

function claudeCode(connection: Connection): ClientLines {
  const { url, secret, shell, model } = connection
  const lines = assignments(connection, [
    ['ANTHROPIC_BASE_URL', url],
    ['ANTHROPIC_AUTH_TOKEN', secret],
  ])
  // With both set two different credentials are sent, which is an error.
  const unset = shell === 'sh' ? 'unset ANTHROPIC_API_KEY' : 'Remove-Item Env:ANTHROPIC_API_KEY -ErrorAction Ignore'
  return {
    id: 'claude-code',
    title: 'Claude Code',
    where: 'In the shell that starts it.',
    lines: [...lines, unset, `claude --model ${quoted(model, shell)}`],
  }
}

function codex(connection: Connection): ClientLines {
  return {
    id: 'codex',
    title: 'Codex',
    where: 'The first line in the shell, the others in ~/.codex/config.toml.',
    lines: [
      ...assignments(connection, [['CORRAL_KEY', connection.secret]]),
      'model_provider = "corral"',
      '[model_providers.corral]',
      'name = "Corral"',
      `base_url = "${connection.url}/v1"`,
      'env_key = "CORRAL_KEY"',
      'wire_api = "responses"',
    ],
  }
}

function curl({ url, secret, shell, model }: Connection): ClientLines {
  const program = shell === 'sh' ? 'curl' : 'curl.exe'
  const header = quoted(`Authorization: Bearer ${secret}`, shell)
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] })
  return {
    id: 'curl',
    title: 'curl',
    where: 'The first lists the models, the second asks one of them.',
    lines: [
      `${program} ${quoted(`${url}/api/tags`, shell)} -H ${header}`,
      `${program} ${quoted(`${url}/api/chat`, shell)} -H ${header} -d ${nativeArgument(body, shell)}`,
    ],
  }
}

type Assignment = readonly [name: string, value: string]

function assignments({ shell }: Pick<Connection, 'shell'>, values: readonly Assignment[]): string[] {
  if (shell === 'powershell') return values.map(([name, value]) => `$env:${name} = ${singleQuoted(value, "''")}`)
  return values.map(([name, value]) => `export ${name}=${quoted(value, shell)}`)
}

function quoted(text: string, shell: Shell): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text
  return singleQuoted(text, shell === 'sh' ? `'\\''` : "''")
}

/** Windows PowerShell drops the double quotes of an argument to a program unless a backslash stands before each. */
function nativeArgument(text: string, shell: Shell): string {
  if (shell === 'sh') return quoted(text, shell)
  return quoted(text.replaceAll('"', '\\"'), shell)
}

function singleQuoted(text: string, inner: string): string {
  return `'${text.replaceAll("'", inner)}'`
}
