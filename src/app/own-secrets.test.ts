import { expect, it } from 'vitest'
import { configFolder } from '../config/__fixtures__/config-folder.ts'
import { ownSecrets } from './own-secrets.ts'

it('knows every secret of the config, whole and as an upstream may repeat it', async () => {
  const { settings } = await configFolder(`
auth: {token: shared-token}
store: {pepper: the-pepper}
traces: {endpoint: "http://127.0.0.1:1", headers: "x-tenant=house"}
upstreams:
  - {name: a, url: "http://me:the-password@127.0.0.1:1"}
  - {name: b, url: "http://127.0.0.1:2", headers: {authorization: "Bearer the-bearer", x-team: research, x-api-key: plain-key}}
  - {name: c, type: openai, api_key: the-api-key}
`).load()
  expect(new Set(ownSecrets(settings))).toEqual(
    new Set([
      ...['shared-token', 'the-pepper', 'house', 'the-bearer', 'plain-key', 'the-api-key'],
      ...[Buffer.from('me:the-password').toString('base64'), 'the-password'],
    ]),
  )
})
