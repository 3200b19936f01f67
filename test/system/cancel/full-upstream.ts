import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'

/** An upstream that can be stopped so that the kernel no longer finishes a connection to it. */
export interface FullUpstream extends Disposable {
  readonly url: string
  readonly port: number
  /** From here on new connections stay half open. */
  fill(): Promise<void>
  /** Accepts again. */
  empty(): void
}

/** Keeps no connection, so that every request needs a new one. */
const PROGRAM = `
  const answers = {
    '/api/version': { version: '0.24.0' },
    '/api/tags': { models: [{ name: 'tiny:latest', model: 'tiny:latest', digest: 'd', size: 1, details: {} }] },
    '/api/ps': { models: [] },
  }
  const server = require('node:http').createServer((request, response) => {
    request.resume()
    response.setHeader('connection', 'close').setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answers[request.url] ?? { model: 'tiny', response: 'late', done: true }))
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))
`

export async function startFullUpstream(): Promise<FullUpstream> {
  const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.stdout.once('data', (line: Buffer) => resolve(Number(line.toString())))
  })
  const waiting: Socket[] = []
  const leave = (): void => waiting.splice(0).forEach((socket) => void socket.destroy())
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async fill() {
      child.kill('SIGSTOP')
      let accepted = true
      while (accepted) {
        const socket = connect(port, '127.0.0.1').on('error', () => undefined)
        accepted = await connects(socket)
        if (accepted) waiting.push(socket)
        else socket.destroy()
      }
    },
    empty() {
      leave()
      child.kill('SIGCONT')
    },
    [Symbol.dispose]() {
      leave()
      child.kill('SIGKILL')
    },
  }
}

/** On loopback a connection stands at once or not at all. */
function connects(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 250)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}
