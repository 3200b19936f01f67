import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { FakeProvider } from '../../fakes/fake-provider/fake-provider.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'
import type { RunningGateway } from '../harness/start-gateway.ts'
import type { StreamResult } from '../harness/stream-client.ts'
import { errorOf, openGateway, openOllama, openProvider, post, untilListed, upstreamFacts } from './provider-scene.ts'

const body = { model: 'gpt-4', messages: [{ role: 'user', content: 'canary prompt' }] }

function ask(gateway: RunningGateway): Promise<StreamResult> {
  return post(gateway, '/v1/chat/completions', { body })
}

function named(host: string, fake: FakeProvider, more: object = {}): object {
  const url = `http://${host}:${fake.port}/v1`
  return { name: 'far', type: 'openai-compatible', url, models: ['gpt-4'], ...more }
}

describe('a provider by name', () => {
  it('that leads to this machine is down, and says what to do', async () => {
    const fake = await openProvider()
    const gateway = await openGateway([named('localhost', fake)])
    await expect.poll(async () => (await upstreamFacts(gateway, 'far')).state, { timeout: 5000 }).toBe('down')
    const result = await ask(gateway)
    expect(result.status).toBe(503)
    expect(errorOf('openai', result.text)).not.toBe('')
    expect(gateway.stderr()).toMatch(/allow_private/)
    expect(fake.connections()).toBe(0)
  })

  it('that leads to this machine is served where that is allowed', async () => {
    const fake = await openProvider()
    const gateway = await openGateway([named('localhost', fake, { allow_private: true })])
    await expect.poll(async () => (await upstreamFacts(gateway, 'far')).state, { timeout: 5000 }).toBe('up')
    expect((await ask(gateway)).status).toBe(200)
    expect(fake.asked()[0]?.headers).toContainEqual(['Host', `localhost:${fake.port}`])
  })

  it('that is an Ollama may lead anywhere', async () => {
    const ollama = await openOllama({ models: [{ name: 'gpt-4' }] })
    const gateway = await openGateway([{ name: 'own', url: ollama.url.replace('127.0.0.1', 'localhost') }])
    await untilListed(gateway, ['gpt-4:latest'])
    expect((await ask(gateway)).status).toBe(200)
  })
})

/**
 * What a name server under foreign control can do to a process: the addresses of `provider.test` are read from a file,
 * and the next look reads the next line, the last one again and again.
 */
const RESOLVER = `
import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { isIP } from 'node:net'
const real = dns.lookup
const realPromise = dns.promises.lookup
let looked = 0
function answerFor() {
  const lines = readFileSync(process.env.FAKE_ADDRESSES, 'utf8').trim().split('\\n')
  const line = lines[Math.min(looked++, lines.length - 1)]
  return line.split(',').map((address) => ({ address, family: isIP(address) }))
}
dns.lookup = function lookup(name, options, callback) {
  if (name !== 'provider.test') return real.apply(this, arguments)
  const done = typeof options === 'function' ? options : callback
  const found = answerFor()
  process.nextTick(() => {
    if (typeof options === 'object' && options?.all) done(null, found)
    else done(null, found[0].address, found[0].family)
  })
}
dns.promises.lookup = async function lookup(name, options) {
  if (name !== 'provider.test') return realPromise.apply(this, arguments)
  const found = answerFor()
  return options?.all ? found : found[0]
}
syncBuiltinESMExports()
`

/** Reserved for documentation (RFC 5737): public as far as anybody can tell, and nobody is there. */
const PUBLIC = '203.0.113.7'

async function openRebound(lines: readonly string[]): Promise<{ fake: FakeProvider; gateway: RunningGateway }> {
  const fake = await openProvider()
  const folder = tempFolder()
  writeFileSync(join(folder, 'resolver.mjs'), RESOLVER)
  writeFileSync(join(folder, 'addresses'), `${lines.join('\n')}\n`)
  const gateway = await openGateway([named('provider.test', fake)], {
    env: {
      NODE_OPTIONS: `--import ${pathToFileURL(join(folder, 'resolver.mjs')).href}`,
      FAKE_ADDRESSES: join(folder, 'addresses'),
    },
    config: { routing: { connect_timeout: '300ms', first_byte_timeout: '1s' } },
  })
  return { fake, gateway }
}

describe('a name whose address changes', () => {
  it.each([
    ['is private', ['127.0.0.1']],
    ['becomes private after the first look', [PUBLIC, '127.0.0.1']],
    ['changes with every look', Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? PUBLIC : '127.0.0.1'))],
    ['is public and private at once', [`${PUBLIC},127.0.0.1`]],
    ['is private by way of IPv6', ['::ffff:127.0.0.1']],
    ['is the loopback of IPv6', ['::1']],
    ['is of no host', ['0.0.0.0']],
    ['is of the local link', ['169.254.169.254']],
  ])('never leads to this machine: %s', async (_, lines) => {
    const { fake, gateway } = await openRebound(lines)
    for (let i = 0; i < 6; i += 1) {
      const result = await ask(gateway)
      expect([502, 503, 504]).toContain(result.status)
    }
    expect([fake.connections(), fake.bytes().length]).toEqual([0, 0])
  })
})
