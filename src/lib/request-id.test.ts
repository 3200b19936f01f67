import { describe, expect, it } from 'vitest'
import { acceptableRequestId, createRequestIds } from './request-id.ts'

describe('createRequestIds', () => {
  it('makes UUIDs of version 7 that sort by time and differ within a millisecond', () => {
    const createId = createRequestIds()
    const ids = [1, 1, 1, 1_795_245_449_862, 1_795_245_449_862, 1_795_245_449_863].map(createId)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.toSorted()).toEqual(ids)
  })

  it('differs between processes in the same millisecond', () => {
    expect(createRequestIds()(5)).not.toBe(createRequestIds()(5))
  })
})

describe('acceptableRequestId', () => {
  it('keeps a harmless id of the client and drops any other', () => {
    expect(acceptableRequestId('req_1.a-b')).toBe('req_1.a-b')
    for (const bad of [undefined, '', 'a b', 'x'.repeat(65), 'a\nb', '"'])
      expect(acceptableRequestId(bad)).toBeUndefined()
  })
})
