import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalogue } from '../src/errors/catalogue.ts'
import { documentedCodes, errorDocs } from './error-docs.ts'

describe('docs/errors.md', () => {
  const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'errors.md'), 'utf8')

  it('documents every code of the catalogue, and no other', () => {
    expect(documentedCodes(page).toSorted()).toEqual(Object.keys(catalogue).toSorted())
  })
  it('is what the generator makes', () => {
    expect(page).toBe(errorDocs(catalogue))
  })
})

describe('errorDocs', () => {
  const entry = { status: 503, retryable: true, message: 'a | b', help: 'wait' }
  it('groups by status and keeps its table whole', () => {
    const page = errorDocs({ late: entry, early: { ...entry, status: 400, retryable: false } })
    expect(documentedCodes(page)).toEqual(['early', 'late'])
    expect(page).toContain('## 503 Service Unavailable')
    expect(page).toContain('| `late` | a \\| b | yes | wait |')
  })
})
