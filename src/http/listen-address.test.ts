import { describe, expect, it } from 'vitest'
import { isLoopbackHost, parseListenAddress } from './listen-address.ts'
import { isOwnAddress } from './settings.ts'

describe('parseListenAddress', () => {
  it.each([
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['localhost:80', 'localhost', 80],
    ['GW.example.com', 'gw.example.com', 11435],
    ['8080', '127.0.0.1', 8080],
    [':8080', '0.0.0.0', 8080],
    ['[::1]:8080', '::1', 8080],
    ['[::]', '::', 11435],
    ['[fe80::1%eth0]:1', 'fe80::1%eth0', 1],
  ])('reads %s', (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ host, port })
  })

  it.each(['', ':', 'a:b', '::1', '127.0.0.1:65536', '99999', 'http://x:1', 'x:1/y', 'x y:1', '[::1', '-1'])(
    'does not read "%s"',
    (text) => {
      expect(parseListenAddress(text)).toBeUndefined()
    },
  )
})

describe('isLoopbackHost', () => {
  it('knows what only this machine reaches', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].every(isLoopbackHost)).toBe(true)
    const others = ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', 'localhost.example.com', '128.0.0.1', '']
    expect(others.some(isLoopbackHost)).toBe(false)
  })
})

describe('isOwnAddress', () => {
  const isOwn = (listen: string, url: string) =>
    isOwnAddress([parseListenAddress(listen) ?? { host: '', port: 0 }], new URL(url))

  it.each([
    ['127.0.0.1:1', 'http://localhost:1/k/x'],
    ['0.0.0.0:80', 'http://127.0.0.1'],
    ['[::]:443', 'https://[::1]/x'],
    ['gw:1', 'http://gw:1'],
  ])('%s is where %s leads', (listen, url) => {
    expect(isOwn(listen, url)).toBe(true)
  })

  it.each([
    ['127.0.0.1:1', 'http://127.0.0.1:2'],
    ['127.0.0.1:1', 'http://gw:1'],
    ['0.0.0.0:1', 'http://gw:1'],
    ['127.0.0.1:0', 'http://127.0.0.1:80'],
  ])('%s is not where %s leads', (listen, url) => {
    expect(isOwn(listen, url)).toBe(false)
  })
})
