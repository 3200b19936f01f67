import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { openApiDocument } from './openapi-document.ts'
import { adminRoutes, adminStreams } from './routes.ts'

it('openapi.json is what scripts/generate-openapi.ts writes', async () => {
  const committed = await readFile(new URL('../../openapi.json', import.meta.url), 'utf8')
  expect(committed).toBe(`${JSON.stringify(openApiDocument(adminRoutes, adminStreams), null, 2)}\n`)
})

it('every reference has its schema', () => {
  const document = openApiDocument(adminRoutes, adminStreams)
  const { schemas } = document['components'] as { schemas: object }
  const used = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1])
  expect(new Set(used)).toEqual(new Set(Object.keys(schemas)))
  expect(JSON.stringify(document)).not.toContain('$defs')
})
