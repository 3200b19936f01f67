import * as z from 'zod'
import { version } from '../lib/version.ts'
import type { AdminRoute } from './admin-route.ts'

type Json = Record<string, unknown>

/** The management API in OpenAPI 3.1, from nothing but the route table. */
export function openApiDocument(routes: readonly AdminRoute[]): Json {
  const schemas: Record<string, Json> = {}
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.pattern.replaceAll(/:([a-z]+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, schemas) }
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

function operation(route: AdminRoute, schemas: Record<string, Json>): Json {
  const parameters = [...pathParameters(route), ...queryParameters(route)]
  return {
    summary: route.summary,
    ...(parameters.length > 0 && { parameters }),
    ...(route.input !== null &&
      route.method !== 'GET' && {
        requestBody: { required: true, ...jsonContent(lift(toSchema(route.input, 'input'), schemas)) },
      }),
    responses: {
      [route.status]: { description: 'Done', ...jsonContent(lift(toSchema(route.output, 'output'), schemas)) },
      default: {
        description: 'An error; the header corral-error has its code',
        ...jsonContent({ $ref: '#/components/schemas/Error' }),
      },
    },
  }
}

function pathParameters(route: AdminRoute): Json[] {
  const names = [...route.pattern.matchAll(/:([a-z]+)/g)].map((match) => match[1])
  return names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
}

interface QuerySchema {
  readonly properties?: Readonly<Record<string, Json>>
  readonly required?: readonly string[]
}

function queryParameters(route: AdminRoute): Json[] {
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
