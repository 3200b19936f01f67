import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { adminRoutes, adminStreams } from '../src/admin/routes.ts'
import { routes } from '../src/http/route-table.ts'
import { authorityDocs } from './authority-docs.ts'

it('docs/users.md shows who is let in where', () => {
  expect(readFileSync(join(import.meta.dirname, '../docs/users.md'), 'utf8')).toContain(authorityDocs())
})

it('every route there is stands in it once', () => {
  const lines = authorityDocs()
    .split('\n')
    .filter((line) => line.startsWith('- '))
  const listed = lines.flatMap((line) => [...line.matchAll(/`([A-Z]+ [^`]+)`/g)].map((match) => match[1] ?? ''))
  const known = [...routes, ...adminRoutes, ...adminStreams].map(({ method, pattern }) => `${method} ${pattern}`)
  expect(listed.toSorted()).toEqual(known.toSorted())
})

it('a member is let in to its own things, and a dead key nowhere', () => {
  const rows = authorityDocs().split('\n')
  expect(rows[0]).toMatch(/^\| what the route needs \| none \| member \| admin \| agent \| metrics \|/)
  expect(rows.find((row) => row.startsWith('| `admin`'))).toMatch(
    /^\| `admin` \| 401 \| 403 \| yes \| 403 \| 403 \| 403 /,
  )
  expect(rows.find((row) => row.startsWith('| `own keys`'))).toMatch(
    /^\| `own keys` \| 401 \| yes \| yes \| 403 \| 403 /,
  )
})
