import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROOT, startGateway, type RunningGateway } from '../harness/start-gateway.ts'

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: 'path' | 'query' }[]
  readonly requestBody?: { readonly content: { 'application/json': { schema: Schema } } }
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly anyOf?: readonly Schema[]
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly items?: Schema
  readonly type?: string
}

const { paths } = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8')) as {
  paths: Record<string, Record<string, Operation>>
}

let gateway: RunningGateway
const accepted = new Set<string>()
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway[Symbol.asyncDispose]())

const text = fc.oneof(
  fc.constantFrom(
    'ann',

    'tiny',
    '',
    ' ',
    '*',
    '..',
    '%00',
    "' OR 1=1 --",
    '1e999',
    '-1',
    '\u0000',
    '\ud800',
  ),
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 300, maxLength: 600 }),
)
const plainName = fc.stringMatching(/^[a-d]{1,3}$/)
const number = fc.oneof(fc.constantFrom(0, -1, 1.5, 1, 2 ** 31, 2 ** 53, 1e308, -0), fc.integer())
const given = fc.oneof(text, number)
const junk = fc.oneof(fc.jsonValue(), text, number)

/** Mostly of the right shape, so that it gets past the first look. */
function valueFor(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(valueFor))
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  switch (schema.type) {
    case 'string':
      return text
    case 'integer':
    case 'number':
      return number
    case 'array':
      return fc.array(valueFor(schema.items ?? {}), { maxLength: 4 })
    case 'object':
      return bodyFor(schema)
    case 'null':
      return fc.constant(null)
    default:
      return junk
  }
}

/** What need not be there mostly is not: one field that is refused hides all others. */
function bodyFor({ properties = {}, required = [] }: Schema): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(properties).map(([name, schema]): [string, fc.Arbitrary<unknown>] => {
    const value = fc.oneof({ arbitrary: valueFor(schema), weight: 5 }, { arbitrary: junk, weight: 1 })
    const absent = { arbitrary: fc.constant(undefined), weight: 8 }
    return [name, required.includes(name) ? fc.oneof(plainName, plainName, value) : fc.oneof(absent, value)]
  })
  return fc.record(Object.fromEntries(fields))
}

const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
)

/** As it is written into a path or a query: what cannot be is left to other tests. */
function encoded(value: unknown): string {
  return encodeURIComponent(String(value).toWellFormed())
}

it.each(operations)('$method $path answers whatever it is asked, and never as a fault of its own', async (each) => {
  const { path, method, operation } = each
  const { parameters = [], requestBody } = operation
  const schema = requestBody?.content['application/json'].schema
  const input = fc.record({
    body: schema === undefined ? fc.constant(undefined) : fc.oneof({ arbitrary: bodyFor(schema), weight: 9 }, junk),
    values: fc.tuple(
      ...parameters.map((parameter) => (parameter.in === 'path' ? given : fc.option(given, { freq: 1 }))),
    ),
  })
  await fc.assert(
    fc.asyncProperty(input, async ({ body, values }) => {
      const named = parameters.flatMap((parameter, index) => {
        const value = values[index] ?? null
        return value === null ? [] : [{ ...parameter, value: encoded(value) }]
      })
      const inPath = named.filter((one) => one.in === 'path')
      const target = inPath.reduce((whole, { name, value }) => whole.replace(`{${name}}`, value), path)
      const query = named.filter((one) => one.in === 'query').map(({ name, value }) => `${name}=${value}`)
      const answer = await fetch(`${gateway.url}${target}?${query.join('&')}`, {
        method,
        headers: { authorization: `Bearer ${gateway.adminKey}` },
        body: body === undefined ? null : JSON.stringify(body),
      })
      const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') === true
      const said = isStream ? '' : await answer.text()
      if (isStream) await answer.body?.cancel()
      if (answer.ok) accepted.add(`${method} ${path}`)
      expect(answer.status, said).toBeLessThan(500)
      expect(answer.status, 'the key that asks was not touched').not.toBe(401)
      expect(answer.headers.get('corral-error'), said).not.toBe('internal')
    }),
    { numRuns: 60 },
  )
})

it('some of it was acceptable, so that more was asked than what is refused at once', () => {
  for (const route of ['POST /admin/users', 'POST /admin/keys', 'POST /admin/me/keys', 'GET /admin/audit'])
    expect([...accepted]).toContain(route)
})
