import { z } from 'zod'
import { environmentName, foreignNames } from '../src/config/environment-layer.ts'
import {
  childSchema,
  configSchema,
  scalarSettings,
  sectionShape,
  unwrapSchema,
  type SettingSchema,
} from '../src/config/schema.ts'
import { settingFacts } from '../src/lib/setting.ts'

const introduction = `# Config

<!-- Generated from the settings in src/ by \`npm run docs:gen\`; do not edit. -->

Corral needs no config: without one it serves the Ollama it finds, on \`127.0.0.1:11435\`. What is to be different stands in
a file, in the environment, or in a flag.

- **File**: \`corral serve --config FILE\`, else \`CORRAL_CONFIG\`, else \`corral.yaml\`, \`corral.yml\` or \`corral.json\` in the folder it
  is started in; at most 1 MB. A key that is not known is an error, and \`corral config check\` tells all errors at once,
  with their lines. \`corral.example.yaml\` has every setting, \`config.schema.json\` is for editors.
- **Environment**: each setting with a fixed place has a variable, in the tables below; lists are written with commas
  between. An empty variable counts as not set. A file \`.env\` in the folder Corral is started in is read too; the real
  environment goes before it.
- **Precedence**: flag over environment over file over default. \`corral config show\` says where each value came from.
- **Variables in the file**: \`\${NAME}\` in any text is replaced; a variable that is not set is an error, but for upstreams that
  are not \`enabled\`; \`$\${\` is a plain \`\${\`.
- **Secrets**: each has a twin that ends in \`_file\` and names a file that holds it; both at once is an error.
- **Paths** in the file begin in the folder of the file, all others in the folder Corral is started in.
- **Values**: a duration is \`250ms\`, \`30s\`, \`10m\`, \`1h30m\` or \`2d\`; a size is \`512KB\`, \`64MB\` or \`1GB\` (powers of 1024, so
  that a card of 24 GB has \`24GB\`) or a number of bytes, but memory needs its unit; a switch is \`on\` or \`off\`; a key with
  nothing after it counts as not there.

A file for two servers:

\`\`\`yaml
listen: 0.0.0.0:11435
upstreams:
  - name: gpu-1
    url: http://10.0.0.5:11434
  - name: gpu-2
    url: https://ollama.example.com/gpu-2
    priority: 2
    headers: {authorization: "Bearer \${GPU_2_TOKEN}"}
models:
  aliases: {"gpt-4o-mini": "qwen3:8b"}
  assignments: {"qwen3:32b": [gpu-1]}
\`\`\`

Behind a proxy that ends TLS, with a page that may call it:

\`\`\`yaml
listen: 127.0.0.1:11435
trusted_proxies: [127.0.0.1]
cors:
  origins: ["https://app.example.com"]
\`\`\`

Keys of other tools:

\`\`\`yaml
auth:
  tokens_file: authTokens.json
  key_file: keys.txt
  key_salt: "\${API_KEY_SALT}"
  token_scopes: [chat, embed]
\`\`\`

Three machines of which one has room for the large model, with a model that is always loaded somewhere:

\`\`\`yaml
upstreams:
  - {name: big, url: "http://10.0.0.5:11434", memory: 48GB}
  - {name: small, url: "http://10.0.0.6:11434", memory: 12GB, slots: 2}
  - {name: spare, url: "http://10.0.0.7:11434", memory: 8GB, priority: 2}
models:
  fallbacks: {"qwen3:32b": ["qwen3:8b"]}
  keep_warm: ["qwen3:8b"]
  desired: {big: ["qwen3:32b", "qwen3:8b"], small: ["qwen3:8b"]}
  default: "qwen3:8b"
queue: {max_length: 100, max_wait: 2m}
\`\`\`

Everybody gets the same context length, and only the owner of a server decides how long its models stay loaded:

\`\`\`yaml
models:
  policies:
    - {match: "*:70b", num_ctx: 8192, keep_alive: strip}
    - {match: "*", num_ctx: 16384, keep_alive: 10m}
\`\`\`
`

/** The page of docs/config.md. */
export function configDocs(): string {
  const shape = Object.entries(sectionShape(configSchema) ?? {})
  const topLevel = shape.filter(([, schema]) => innerSections(schema) === undefined)
  const sections = shape.filter(([, schema]) => innerSections(schema) !== undefined)
  const parts = [
    introduction,
    `## Top level\n\n${table([], topLevel)}`,
    ...sections.map(([key, schema]) => sectionDocs([key], schema)),
    environmentDocs(),
  ]
  return parts.join('\n')
}

function sectionDocs(path: readonly string[], outer: z.core.$ZodType): string {
  const { facts } = unwrapSchema(outer)
  const { shape = {}, isList } = innerSections(outer) ?? { isList: false }
  const entries = Object.entries(shape)
  const title = `## \`${path.join('.')}${isList ? '[]' : ''}\`\n\n${facts?.description ?? ''}\n\n`
  const inner = entries.filter(([, schema]) => innerSections(schema) !== undefined)
  const rest = inner.map(([key, schema]) => `\n${sectionDocs([...path, key], schema)}`)
  return `${title}${table(isList ? null : path, entries)}${rest.join('')}`
}

/** The keys of a section, or of what a list is made of. */
function innerSections(
  outer: z.core.$ZodType,
): { shape: Record<string, z.core.$ZodType>; isList: boolean } | undefined {
  const { schema } = unwrapSchema(outer)
  const item = schema instanceof z.ZodArray ? childSchema(schema, 0) : undefined
  const shape = sectionShape(item === undefined ? schema : unwrapSchema(item).schema)
  return shape === undefined ? undefined : { shape, isList: item !== undefined }
}

/** Without a path the settings have no variables. */
function table(path: readonly string[] | null, entries: readonly (readonly [string, z.core.$ZodType])[]): string {
  const withVariable = new Set(scalarSettings().map((setting) => setting.path.join('.')))
  const rows = entries.map(([key, outer]) => {
    const setting = unwrapSchema(outer)
    const full = path === null ? null : [...path, key]
    const variable = full !== null && withVariable.has(full.join('.')) ? `\`${environmentName(full)}\`` : ''
    const variables = path === null ? [] : [variable]
    const cells = [
      `\`${key}\``,
      valueCell(setting),
      fallbackCell(setting),
      ...variables,
      setting.facts?.description ?? '',
    ]
    return `| ${cells.map(escapeCell).join(' | ')} |`
  })
  const head =
    path === null
      ? '| key | value | default | meaning |\n|---|---|---|---|'
      : '| key | value | default | environment | meaning |\n|---|---|---|---|---|'
  return `${head}\n${rows.join('\n')}\n`
}

function fallbackCell({ fallback, optional }: SettingSchema): string {
  if (!optional) return 'required'
  return fallback === undefined || isEmptySection(fallback) ? '' : `\`${plainText(fallback)}\``
}

/** An example is a default away, and a choice is told by its meaning. */
function valueCell({ schema, facts }: SettingSchema): string {
  return schema instanceof z.ZodEnum
    ? 'a choice'
    : (facts?.wanted ?? '').replace(/^a duration such as 30s/, 'a duration')
}

function environmentDocs(): string {
  const rows = Object.entries(foreignNames).map(
    ([variable, { path, meaning: text }]) => `| \`${variable}\` | \`${path.join('.')}\` | ${text} |`,
  )
  return `## Variables of other tools

They mean here what they meant there; where a \`CORRAL_*\` variable says the same setting, that one holds.

| variable | setting | meaning |
|---|---|---|
${rows.join('\n')}
| \`OLLAMA_URL\` | \`upstreams\` | the Ollama behind the gateway, where no upstreams are configured |
| \`OLLAMA_HOST\` | \`upstreams\` | the same, as the \`ollama\` command reads it: no scheme is http, \`0.0.0.0\` is this machine; it is passed over where it names the gateway itself |
| \`OLLAMA_PORT\` | \`upstreams\` | the port, where the other two name none |
`
}

function isEmptySection(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
}

function plainText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|')
}

/** For editors: what may be written, as JSON Schema. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    metadata: settingFacts,
    override: ({ jsonSchema }) => {
      for (const own of ['wanted', 'secret', 'list']) delete jsonSchema[own]
    },
  })
  return `${JSON.stringify({ title: 'corral.yaml', ...schema }, null, 2)}\n`
}
