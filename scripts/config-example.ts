import type { z } from 'zod'
import { configSchema, sectionShape, unwrapSchema } from '../src/config/schema.ts'

const head = `# yaml-language-server: $schema=./config.schema.json
# Every setting of Corral with its default; those without one are commented out and show an example.
# Made by \`npm run docs:gen\`. Copy what you change to corral.yaml; docs/config.md says more.
`

/** What to show where there is no default, or where the default says little. */
const examples: Readonly<Record<string, string>> = {
  tls: '{cert: cert.pem, key: key.pem}',
  'auth.key_file': 'keys.txt',
  'auth.key_salt': '"${API_KEY_SALT}"',
  'auth.key_salt_file': 'salt.txt',
  'auth.tokens_file': 'authTokens.json',
  'auth.token': '"${AUTH_TOKEN}"',
  'auth.token_file': 'token.txt',
  'models.memory': '{"custom-70b": 40GB}',
  'models.memory_patterns': '[{match: "-70b", memory: 40GB}]',
  'models.keep_warm': '["qwen3:8b"]',
  'models.desired': '{local: ["qwen3:8b"]}',
  'models.default': '"qwen3:8b"',
  'limits.defaults.requests_per_minute': '120',
  'limits.defaults.concurrent': '8',
  'limits.defaults.tokens_per_minute': '100k',
  'limits.defaults.tokens_per_day': '2M',
  'limits.defaults.tokens_per_month': '40M',
  'limits.defaults.money_per_month': '25',
  'store.pepper': '"${CORRAL_PEPPER}"',
  'store.pepper_file': 'pepper.txt',
  'metrics.listen': '127.0.0.1:9464',
  'traces.endpoint': 'http://127.0.0.1:4318',
  'traces.url': 'http://127.0.0.1:4318/v1/traces',
  'traces.headers': '"x-tenant=house"',
  'traces.headers_file': 'headers.txt',
}

const upstreams = `upstreams:
  - name: local
    url: http://127.0.0.1:11434
    priority: 1
    enabled: on
    # memory: 24GB
    slots: auto
    # headers: {x-team: research}
    # ca: internal-ca.pem
    # username: corral
    # password: "\${UPSTREAM_PASSWORD}"
    # password_file: password.txt
    # max_response_time: 2s
    # wake: {mac: "aa:bb:cc:dd:ee:ff"}
  # - name: openai
  #   type: openai
  #   api_key: "\${OPENAI_API_KEY}"
  #   models: ["gpt-*"]
`

const policies = `  policies:
    - match: "*"
      num_ctx: allow
      keep_alive: allow
`

/** The text of corral.example.yaml. */
export function configExample(): string {
  return `${head}${lines(configSchema, []).join('')}`
}

function lines(schema: z.core.$ZodType, path: readonly string[]): string[] {
  const indent = '  '.repeat(path.length)
  return Object.entries(sectionShape(schema) ?? {}).map(([key, outer]) => {
    const full = [...path, key]
    const { schema: inner, facts } = unwrapSchema(outer)
    const gap = path.length === 0 ? '\n' : ''
    const comment = `${gap}${indent}# ${facts?.description ?? ''}\n`
    return `${comment}${body(full, outer, inner)}`
  })
}

function body(path: readonly string[], outer: z.core.$ZodType, inner: z.core.$ZodType): string {
  const indent = '  '.repeat(path.length - 1)
  const name = path.join('.')
  if (name === 'upstreams') return upstreams
  if (name === 'models.policies') return policies
  const { fallback } = unwrapSchema(outer)
  const example = examples[name]
  if (example !== undefined) return `${indent}# ${path.at(-1)}: ${example}\n`
  if (sectionShape(inner) !== undefined) return `${indent}${path.at(-1)}:\n${lines(inner, path).join('')}`
  return `${indent}${path.at(-1)}: ${written(fallback)}\n`
}

function written(value: unknown): string {
  const isPlain = typeof value === 'string' && /^[\w./][\w./:%-]*$/.test(value)
  return isPlain ? value : JSON.stringify(value)
}
