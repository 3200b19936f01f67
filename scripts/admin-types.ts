import * as z from 'zod'
import type { AdminRoute, AdminStream } from '../src/admin/admin-route.ts'

/** As much of JSON Schema as zod writes. */
interface JsonSchema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly id?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly prefixItems?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly description?: string
}

export interface AdminParts {
  readonly routes: readonly Line[]
  readonly streams: readonly Pick<AdminStream, 'events'>[]
}

type Line = Pick<AdminRoute, 'method' | 'pattern' | 'summary' | 'input' | 'output'>

type Direction = 'input' | 'output'
/** Of the named schemas, by name. */
type Named = Map<string, string>

/** The TypeScript of what the page may know of the management API, from its schemas. */
export function adminTypes({ routes, streams }: AdminParts): string {
  const named: Named = new Map()
  const rows = routes.map((route) => routeType(route, named))
  const events = streams.flatMap((stream) => eventTypes(stream, named))
  const types = [...named].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return [
    '// Written by scripts/generate-admin-types.ts from the schemas of src/admin: change those, then `npm run docs:gen`.',
    ...types.map(([name, text]) => `export type ${name} = ${text}`),
    `/** Every route that can be asked, with what it takes and answers. */\nexport interface AdminRoutes {\n${rows.join('\n')}\n}`,
    `/** What the streams tell, by the names of the events. */\nexport interface AdminEvents {\n${events.join('\n')}\n}`,
    '',
  ].join('\n\n')
}

function routeType(route: Line, named: Named): string {
  const input = route.input === null ? 'null' : typeOf(toSchema(route.input, 'input', named))
  const output = typeOf(toSchema(route.output, 'output', named))
  return `/** ${route.summary} */\n'${route.method} ${route.pattern}': { input: ${input}; output: ${output} }`
}

function eventTypes({ events }: Pick<AdminStream, 'events'>, named: Named): string[] {
  return Object.entries(events).map(([name, schema]) => `${name}: ${typeOf(toSchema(schema, 'output', named))}`)
}

/** Named schemas are told once, by the direction they are met in first: inputs have no names. */
function toSchema(schema: z.ZodType, io: Direction, named: Named): JsonSchema {
  const json = z.toJSONSchema(schema, { io }) as JsonSchema
  for (const [name, definition] of Object.entries(json.$defs ?? {})) named.set(name, typeOf(definition))
  if (json.id === undefined) return json
  named.set(json.id, typeOf(json))
  return { $ref: `#/$defs/${json.id}` }
}

function typeOf(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return union(schema.enum.map((value) => JSON.stringify(value)))
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return union(choices.map(typeOf))
  if (schema.allOf !== undefined) return schema.allOf.map(typeOf).join(' & ')
  if (Array.isArray(schema.type)) return union(schema.type.map((type: string) => typeOf({ ...schema, type })))
  return plainType(schema)
}

function plainType(schema: JsonSchema): string {
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type
    case 'number':
    case 'integer':
      return 'number'
    case 'array':
      return schema.prefixItems === undefined
        ? `(${typeOf(schema.items ?? {})})[]`
        : `[${schema.prefixItems.map(typeOf).join(', ')}]`
    case 'object':
      return objectType(schema)
    default:
      return 'unknown'
  }
}

function objectType({ properties, required = [], additionalProperties }: JsonSchema): string {
  if (properties === undefined) {
    const values = typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown'
    return `Record<string, ${values}>`
  }
  const lines = Object.entries(properties).map(([name, schema]) => {
    const told = schema.description === undefined ? '' : `/** ${schema.description.replaceAll('*/', '')} */\n`
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name)
    return `${told}${key}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}`
  })
  return lines.length === 0 ? 'Record<string, never>' : `{\n${lines.join('\n')}\n}`
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(' | ')
}
