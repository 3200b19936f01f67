import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Counters, CountersSnapshot } from './counters.ts'
import { FAULT_KINDS, type FaultPanel, type FaultRule } from './faults.ts'
import type { Door, Listener } from './listener.ts'

export interface ControlDeps {
  readonly counters: Counters
  readonly faults: FaultPanel
  readonly listener: Listener
}

export interface Control {
  readonly port: number
  stop(): Promise<void>
}

/** The panel for whoever runs the fake as a program. Its listener is its own, so no fault reaches it. */
export async function openControl(deps: ControlDeps, port: number): Promise<Control> {
  const server = createServer((request, response) => {
    handle(deps, request)
      .then((answer) => reply(response, 200, answer))
      .catch((error: unknown) =>
        reply(response, 400, { error: error instanceof Error ? error.message : String(error) }),
      )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port, // listening on TCP, so never a path
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function handle(deps: ControlDeps, request: IncomingMessage): Promise<unknown> {
  const route = `${request.method ?? ''} ${request.url ?? ''}`
  switch (route) {
    case 'GET /__fake/counters':
      return printable(deps.counters.snapshot())
    case 'POST /__fake/reset':
      deps.faults.clear()
      deps.counters.reset()
      await deps.listener.setDoor('open')
      return {}
    case 'GET /__fake/faults':
      return deps.faults.rules()
    case 'POST /__fake/faults':
      deps.faults.add(parseRule(await readJson(request)))
      return {}
    case 'DELETE /__fake/faults':
      deps.faults.clear()
      return {}
    case 'POST /__fake/door':
      await deps.listener.setDoor(parseDoor(await readJson(request)))
      return {}
    case 'POST /__fake/drop':
      deps.listener.dropConnections()
      return {}
    default:
      throw new Error(`no such control: ${route}`)
  }
}

function parseRule(value: unknown): FaultRule {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined
  if (!FAULT_KINDS.some((known) => known === kind)) throw new Error(`kind must be one of ${FAULT_KINDS.join(', ')}`)
  return value as FaultRule // the rest is numbers and a route, taken as they are
}

function parseDoor(value: unknown): Door {
  const door = typeof value === 'object' && value !== null && 'door' in value ? value.door : undefined
  if (door === 'open' || door === 'refuse' || door === 'reset' || door === 'hang') return door
  throw new Error('door must be open, refuse, reset or hang')
}

function printable(snapshot: CountersSnapshot): object {
  return { ...snapshot, last: snapshot.last.map((record) => ({ ...record, body: record.body.toString('base64') })) }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function reply(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}
