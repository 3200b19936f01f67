import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startAgent, type StartedAgent } from '../harness/start-agent.ts'
import { startGateway } from '../harness/start-gateway.ts'
import { corralIn } from './corral.ts'

const key = 'crl_0000000000000000000000000000000000000'
const nowhere = 'http://127.0.0.1:9'

async function start(server: string, args: readonly string[] = []): Promise<StartedAgent> {
  const agent = await startAgent({ server, key, ollama: nowhere, id: 'stranger', args, unawaited: true })
  onTestFinished(() => agent[Symbol.asyncDispose]())
  return agent
}

/** The address of something that answers every connection with these bytes. */
async function listenWith(bytes: string, called = (): unknown => undefined): Promise<string> {
  const server = createServer((socket) => {
    called()
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(bytes))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo // listening on TCP, so never a path
  return `127.0.0.1:${port}`
}

describe('corral agent', () => {
  it.each([
    [[], /^corral: Say which gateway to dial: --server https:\/\/gateway, or SERVER_URL$/],
    [['--server', nowhere], /^corral: An agent needs a key: --key, .*"corral key create NAME --agent" makes one\)$/],
    [['--server', 'ftp://x', '--key', key], /^corral: --server must be the URL of a Corral gateway/],
    [['--server', nowhere, '--key', 'two words'], /^corral: The key holds characters that no key has: copy it again$/],
    [
      ['--server', nowhere, '--key', key, '--transport', 'udp'],
      /^corral: --transport must be ws, sse or auto, not "udp"$/,
    ],
    [['--server', nowhere, '--key', key, '--allow', 'admin'], /^corral: --allow takes chat, embed, .*, not "admin"$/],
    [
      ['--server', nowhere, '--key', key, '--ca', '/none.pem'],
      /^corral: --ca names "\/none\.pem", which cannot be read/,
    ],
  ])('says in one line what is missing or wrong: %j', async (args, line) => {
    const { code, stdout, stderr } = await corralIn()('agent', ...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr.trim()).toMatch(line)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).not.toContain(key)
  })

  it('says in words that nothing listens there', async () => {
    const agent = await start(nowhere)
    await agent.said(/not connected: nothing listens at http:\/\/127\.0\.0\.1:9"/)
    expect(await agent.stop()).toBe(0)
    expect(agent.stderr()).not.toContain(key)
  })

  it('tries again and again, and does not say the same each time', { timeout: 60_000 }, async () => {
    let calls = 0
    const address = await listenWith('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', () => (calls += 1))
    const agent = await start(`http://${address}`, ['--transport', 'ws'])
    await expect.poll(() => calls, { timeout: 40_000 }).toBeGreaterThanOrEqual(3)
    expect(agent.stderr().match(/not connected/g)).toHaveLength(1)
  })

  it('says what answers in place of a gateway', async () => {
    const page = await listenWith('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi')
    const moved = await listenWith('HTTP/1.1 301 Moved\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n')
    for (const transport of ['ws', 'sse']) {
      const agents = await Promise.all([
        start(`http://${page}`, ['--transport', transport]),
        start(`http://${moved}`, ['--transport', transport]),
        start(`https://${page}`, ['--transport', transport]),
      ])
      await agents[0]?.said(/not connected: the answer was 200: is this the address of a Corral gateway\?/)
      await agents[1]?.said(/not connected: the answer was 301, a redirect: give the address that it leads to/)
      await agents[2]?.said(/not connected: .*127\.0\.0\.1/)
    }
  })

  it.each(['ws', 'sse'])('is refused with one line on both sides: %s', async (transport) => {
    await using gateway = await startGateway()
    const agent = await start(gateway.url, ['--transport', transport])
    await agent.said(/not connected: the gateway answered 401: The key is not valid/)
    await expect.poll(() => gateway.stderr()).toContain('agent refused: The key is not valid')
    expect(gateway.stderr()).not.toContain(key)
  })
})
