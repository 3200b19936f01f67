import { expect, it } from 'vitest'
import { targetOf } from './ask.ts'

it('asks with what is given, and leaves out what is not', () => {
  expect(targetOf('GET /admin/usage', { input: { by: 'user,day', since: '' } })).toEqual({
    method: 'GET',
    url: '/admin/usage?by=user%2Cday',
  })
  expect(targetOf('GET /admin/status', {})).toEqual({ method: 'GET', url: '/admin/status' })
})

it('lets no name out of its place in the path', () => {
  const { method, url } = targetOf('DELETE /admin/upstreams/:name', { params: { name: '../keys?a=b#c' } })
  expect({ method, url }).toEqual({ method: 'DELETE', url: '/admin/upstreams/..%2Fkeys%3Fa%3Db%23c' })
})

it('has the input of everything but a GET in its body', () => {
  expect(targetOf('POST /admin/upstreams', { input: { name: 'a', url: 'b' } }).url).toBe('/admin/upstreams')
})
