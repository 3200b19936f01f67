import * as z from 'zod'
import { version } from '../lib/version.ts'
import type { AdminRoute, AdminStream } from './admin-route.ts'

type Json = Record<string, unknown>

/** The management API in OpenAPI 3.1, from nothing but the route table. */
export function openApiDocument(routes: readonly AdminRoute[], streams: readonly AdminStream[]): Json {
  const schemas: Record<string, Json> = {}
  const paths: Record<string, Json> = {}
  for (const line of [...routes, ...streams]) {
    const path = line.pattern.replaceAll(/:([a-z]+)/g, '{$1}')
    const answer =
      'events' in line ? eventContent(line, schemas) : jsonContent(lift(toSchema(line.output, 'output'), schemas))
    paths[path] = { ...paths[path], [line.method.toLowerCase()]: operation(line, answer, schemas) }
  }
  const error = { type: 'object', properties: { error: { type: 'string' } }, required: ['error'] }
  return {
    openapi: '3.1.0',
    info: { title: 'Corral management API', version },
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'A key with scope admin; any key of a user for /admin/me' },
      },
      schemas: { ...schemas, Error: error },
    },
  }
}

type Line = Pick<AdminRoute, 'method' | 'pattern' | 'summary' | 'status' | 'input'>

function operation(route: Line, answer: Json, schemas: Record<string, Json>): Json {
  const parameters = [...pathParameters(route), ...queryParameters(route)]
  return {
    summary: route.summary,
    ...(parameters.length > 0 && { parameters }),
    ...(route.input !== null &&
      route.method !== 'GET' && {
        requestBody: {
          // None at all is read as an empty object.
          required: !route.input.safeParse({}).success,
          ...jsonContent(lift(toSchema(route.input, 'input'), schemas)),
        },
      }),
    responses: {
      [route.status]: { description: 'Done', ...answer },
      default: {
        description: 'An error; the header corral-error has its code',
        ...jsonContent({ $ref: '#/components/schemas/Error' }),
      },
    },
  }
}

function pathParameters(route: Line): Json[] {
  const names = [...route.pattern.matchAll(/:([a-z]+)/g)].map((match) => match[1])
  return names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
}

interface QuerySchema {
  readonly properties?: Readonly<Record<string, Json>>
  readonly required?: readonly string[]
}

function queryParameters(route: Line): Json[] {
  if (route.input === null || route.method !== 'GET') return []
  const { properties = {}, required = [] } = toSchema(route.input, 'input') as QuerySchema
  return Object.entries(properties).map(([name, schema]) => {
    return { name, in: 'query', ...(required.includes(name) && { required: true }), schema }
  })
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io })
  return json
}

/** Moves named schemas to the components, where several answers can point at them. */
function lift(json: Json, schemas: Record<string, Json>): Json {
  const { $defs, id, ...rest } = json
  for (const [name, schema] of Object.entries(($defs ?? {}) as Record<string, Json>)) schemas[name] = relink(schema)
  if (typeof id !== 'string') return relink(rest)
  schemas[id] = relink(rest)
  return { $ref: `#/components/schemas/${id}` }
}

function relink(json: Json): Json {
  const { id: _, ...rest } = json
  return JSON.parse(JSON.stringify(rest).replaceAll('#/$defs/', '#/components/schemas/')) as Json
}

function jsonContent(schema: Json): Json {
  return { content: { 'application/json': { schema } } }
}

/** Each event has its name in its field `event`, and in `data` one line of JSON. */
function eventContent({ events }: AdminStream, schemas: Record<string, Json>): Json {
  const oneOf = Object.entries(events).map(([name, schema]) => {
    const data = lift(toSchema(schema, 'output'), schemas)
    return { type: 'object', properties: { event: { const: name }, data }, required: ['event', 'data'] }
  })
  return { content: { 'text/event-stream': { schema: { oneOf } } } }
}
