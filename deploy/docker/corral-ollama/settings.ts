export type Variables = Readonly<Record<string, string | undefined>>

export interface ContainerSettings {
  readonly models: readonly string[]
  /** Where Ollama listens inside the container: loopback, whatever was asked for. */
  readonly ollamaUrl: string
  /** The environments of the two processes. */
  readonly ollama: Variables
  readonly corral: Variables
  /** What was asked for and is not done, as sentences. */
  readonly notes: readonly string[]
}

export type SettingsReading =
  | { readonly kind: 'settings'; readonly settings: ContainerSettings }
  | { readonly kind: 'refused'; readonly sentence: string }

const DEFAULT_PORT = '7860'
const DEFAULT_OLLAMA_PORT = '11434'
const tokenNames = ['AUTH_TOKEN', 'CORRAL_AUTH_TOKEN'] as const
const tokenFileNames = ['AUTH_TOKEN_FILE', 'CORRAL_AUTH_TOKEN_FILE'] as const
/** What Ollama has no use for, and shall not be able to give away. */
const gatewayOnly = /^(?:AUTH_TOKEN|API_KEY_|CORRAL_)/

/** What the environment of the container means. An empty variable counts as not set. */
export function readSettings(environment: Variables): SettingsReading {
  const variables = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const models = splitModels(variables['OLLAMA_MODEL'])
  const port = variables['PORT'] ?? variables['EXTERNAL_PORT'] ?? DEFAULT_PORT
  const ollama = readOllamaHost(variables)
  const sentence = missing(variables, models) ?? contradiction(variables) ?? badPort(variables, { port, ollama })
  if (sentence !== undefined) return { kind: 'refused', sentence }
  const ollamaUrl = `http://127.0.0.1:${ollama.port}`
  const forOllama = Object.entries(variables).filter(([name]) => !gatewayOnly.test(name))
  const settings: ContainerSettings = {
    models,
    ollamaUrl,
    ollama: { ...Object.fromEntries(forOllama), OLLAMA_HOST: `127.0.0.1:${ollama.port}` },
    // Below CORRAL_LISTEN and above the config file, as everywhere.
    corral: { ...variables, EXTERNAL_PORT: port, OLLAMA_URL: ollamaUrl },
    notes: ollama.isOpen
      ? [`Ollama listens on 127.0.0.1:${ollama.port} only, so that nobody passes around the gateway`]
      : [],
  }
  return { kind: 'settings', settings }
}

function splitModels(text = ''): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((name) => name !== ''))]
}

interface OllamaAddress {
  readonly port: string
  /** Whether it was asked for on other addresses than loopback. */
  readonly isOpen: boolean
}

function readOllamaHost({ OLLAMA_HOST = '', OLLAMA_PORT }: Variables): OllamaAddress {
  const authority = OLLAMA_HOST.trim().replace(/^\w+:\/\//, '')
  const [, host = '', port] = /^(\[[^\]]*\]|[^:/]*)(?::(\d+))?/.exec(authority) ?? []
  const isOpen = !['', '127.0.0.1', 'localhost', '[::1]'].includes(host)
  return { port: port ?? OLLAMA_PORT ?? DEFAULT_OLLAMA_PORT, isOpen }
}

function missing(variables: Variables, models: readonly string[]): string | undefined {
  const hasToken = [...tokenNames, ...tokenFileNames].some((name) => variables[name] !== undefined)
  const lacks = [
    ...(hasToken ? [] : ['AUTH_TOKEN (the key that clients send; or AUTH_TOKEN_FILE)']),
    ...(models.length > 0 ? [] : ['OLLAMA_MODEL (the model to serve, such as qwen3:8b)']),
  ]
  if (lacks.length === 0) return undefined
  const [are, them] = lacks.length === 1 ? ['is', 'it'] : ['are', 'them']
  return `${lacks.join(' and ')} ${are} not set: pass ${them} with "docker run -e" or in the compose file`
}

function contradiction(variables: Variables): string | undefined {
  const token = tokenNames.find((name) => variables[name] !== undefined)
  const file = tokenFileNames.find((name) => variables[name] !== undefined)
  if (token === undefined || file === undefined) return undefined
  return `${token} and ${file} are both set: keep one of them`
}

function badPort(variables: Variables, ports: { port: string; ollama: OllamaAddress }): string | undefined {
  const name = variables['PORT'] === undefined ? 'EXTERNAL_PORT' : 'PORT'
  if (!isPort(ports.port)) return `${name} is "${ports.port}": it should be a port from 1 to 65535`
  const { port } = ports.ollama
  if (!isPort(port)) return `OLLAMA_PORT is "${port}": it should be a port from 1 to 65535`
  if (variables['CORRAL_LISTEN'] !== undefined || Number(port) !== Number(ports.port)) return undefined
  return `${name} is ${port}, where Ollama listens inside the container: choose another, or move Ollama with OLLAMA_PORT`
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535
}
