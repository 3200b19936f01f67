import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { adminTypes, type AdminParts } from './admin-types.ts'

const thing = z.object({ name: z.string().meta({ description: 'Ends no comment: */' }) }).meta({ id: 'Thing' })

type Line = AdminParts['routes'][number]

function route(changes: Partial<Line>): Line {
  return { method: 'GET', pattern: '/admin/things', summary: 'List', input: null, output: z.array(thing), ...changes }
}

/** Without line ends, which are the formatter's. */
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ')
const typesOf = (...routes: Line[]): string => flat(adminTypes({ routes, streams: [] }))

describe('the types that the page sees', () => {
  it('tell named schemas once, and routes by their names', () => {
    const text = typesOf(route({}), route({ pattern: '/admin/things/:name', output: thing }))
    expect(text.match(/export type Thing/g)).toHaveLength(1)
    expect(text).toContain("/** List */ 'GET /admin/things': { input: null; output: (Thing)[] }")
    expect(text).toContain("'GET /admin/things/:name': { input: null; output: Thing }")
  })

  it('say what may be left out of an input, and what an answer always has', () => {
    const schema = z.object({ size: z.int().default(3), kind: z.enum(['a', 'b']).nullable(), 'odd name': z.string() })
    const text = typesOf(route({ method: 'POST', input: schema, output: schema }))
    expect(text).toContain('input: { size?: number kind: "a" | "b" | null "odd name": string }')
    expect(text).toContain('output: { size: number kind: "a" | "b" | null "odd name": string }')
  })

  it('know unions, records, tuples, literals and what is not said', () => {
    const schema = z.object({
      either: z.union([z.literal(1), z.boolean()]),
      map: z.record(z.string(), z.number()),
      pair: z.tuple([z.string(), z.number()]),
      any: z.unknown(),
      none: z.object({}),
    })
    expect(typesOf(route({ output: schema }))).toContain(
      'output: { either: 1 | boolean map: Record<string, number> pair: [string, number] any: unknown none: Record<string, never> }',
    )
  })

  it('let no description end its comment', () => {
    expect(typesOf(route({}))).toContain('/** Ends no comment: */ name: string')
  })

  it('have the events of a stream', () => {
    const text = flat(adminTypes({ routes: [], streams: [{ events: { hello: thing, bye: z.null() } }] }))
    expect(text).toContain('export interface AdminEvents { hello: Thing bye: null }')
  })
})
