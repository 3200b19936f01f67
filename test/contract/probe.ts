import { loadFixtures, requestBytes } from '../fakes/fixtures.ts'
import { startReplayOllama } from '../fakes/replay-ollama.ts'
import { parseResponse } from '../system/harness/parse-response.ts'
import { rawExchange } from '../system/harness/raw-exchange.ts'
import { startGateway } from '../system/harness/start-gateway.ts'
const fixtures = loadFixtures()
const one = (n: string) => fixtures.find((f) => f.name === n)!
const tags = one('tags')
const model = JSON.parse(tags.response.chunks[0]!).models[0]
const more = { models: [model, ...['tinythink:latest', 'tiny3:latest', 'ns/tiny2:v1'].map((name) => ({ ...model, name, model: name }))] }
const body = JSON.stringify(more)
const wide = { ...tags, response: { ...tags.response, headers: [['Content-Type', 'application/json; charset=utf-8'], ['Content-Length', String(body.length)], ['Connection', 'close']] as const, chunks: [body] } }
const replay = await startReplayOllama({ background: [wide, one('version'), one('ps'), one('show')] })
const gateway = await startGateway({ config: { upstreams: [{ name: 'o', url: replay.url }] } })
const key = await gateway.createKey({ scopes: ['chat', 'embed', 'models:read', 'models:write'] })
for (const f of fixtures) {
  replay.select(f)
  const host = f.name === 'host-denied' ? 'evil.example' : 'localhost:11434'
  const r = await rawExchange(gateway.port, requestBytes(f, host, [['Authorization', `Bearer ${key}`], ['Connection', 'close']]), {timeoutMs: 3000})
  const p = parseResponse(r.received, { method: f.request.method, closed: true })
  const skip = /^(date|connection|transfer-encoding)$/i
  const rec = f.response.headers.filter(([n]) => !skip.test(n)).map(([n, v]) => `${n.toLowerCase()}: ${v}`).toSorted()
  const got = (p?.headers ?? []).filter(([n]) => !skip.test(n)).map(([n, v]) => `${n.toLowerCase()}: ${v}`).toSorted()
  const same = p?.status === f.response.status && p.body.toString() === f.response.chunks.join('')
  const hdr = rec.filter((h) => !got.includes(h)); const extra = got.filter((h) => !rec.includes(h))
  const up = replay.received()
  const reqOk = up.length === 1 && up[0]!.body.toString() === (f.request.body ?? '') && up[0]!.framing
  console.log(same && hdr.length === 0 ? 'OK ' : 'DIFF', f.name, `[${up.length} ${reqOk}]`, replay.unexpected().map((u) => `${u.method} ${u.target}`).join(','), 'extra', extra.join(' | '))
  if (!same) console.log('    rec', f.response.status, f.response.chunks.join('').slice(0, 200), '\n    got', r.ending, p?.status, p?.body.toString().slice(0, 400))
  if (hdr.length) console.log('    missing', hdr.join(' | '))
}
console.log(gateway.stderr().slice(0, 3000))
await gateway.stop(); await gateway[Symbol.asyncDispose](); await replay.stop()
