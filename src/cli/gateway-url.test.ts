import { expect, it } from 'vitest'
import { gatewayUrl, outerAddresses, sharedGatewayUrl } from './gateway-url.ts'

const tls = { cert: '', key: '' }

it('gatewayUrl leads to this machine where every address is listened on', () => {
  expect(gatewayUrl({ listen: [{ host: '0.0.0.0', port: 1 }], tls: null })).toBe('http://127.0.0.1:1')
  expect(gatewayUrl({ listen: [{ host: '::', port: 1 }], tls })).toBe('https://127.0.0.1:1')
  expect(gatewayUrl({ listen: [{ host: '::1', port: 1 }], tls: null })).toBe('http://[::1]:1')
  expect(gatewayUrl({ listen: [{ host: '10.0.0.5', port: 1 }], tls: null })).toBe('http://10.0.0.5:1')
})

it('sharedGatewayUrl skips loopback and takes an outer address for all of them', () => {
  const loopback = { host: '127.0.0.1', port: 1 }
  expect(sharedGatewayUrl({ listen: [loopback, { host: '::1', port: 2 }], tls: null })).toBeUndefined()
  expect(sharedGatewayUrl({ listen: [loopback, { host: 'gw.example.com', port: 2 }], tls })).toBe(
    'https://gw.example.com:2',
  )
  const [outer] = outerAddresses()
  const shared = sharedGatewayUrl({ listen: [{ host: '0.0.0.0', port: 3 }], tls: null })
  expect(shared).toBe(outer === undefined ? undefined : `http://${outer.includes(':') ? `[${outer}]` : outer}:3`)
})
