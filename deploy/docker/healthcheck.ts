import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import process from 'node:process'

/** Ends with 0 where the gateway of this container answers, and with 1 and one line where it does not. */
const LIMIT_MS = 4_000

/** The port of the first listen address, in the order in which Corral takes its variables. */
function gatewayPort({ CORRAL_LISTEN, PORT, EXTERNAL_PORT }: Readonly<Record<string, string | undefined>>): string {
  const listen = CORRAL_LISTEN?.split(',')[0] ?? ''
  return /(\d+)\s*$/.exec(listen)?.[1] ?? (PORT || EXTERNAL_PORT || '11435')
}

function ask(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { signal: AbortSignal.timeout(LIMIT_MS), agent: false as const }
    // It asks itself over loopback, where the certificate of another name says nothing.
    const request = url.startsWith('https:')
      ? requestHttps(url, { ...options, rejectUnauthorized: false })
      : requestHttp(url, options)
    request.once('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.once('error', reject)
    request.end()
  })
}

async function check(address: string): Promise<string | undefined> {
  try {
    const plain = await ask(`http://${address}/livez`).catch(() => ask(`https://${address}/livez`))
    return plain === 200 ? undefined : `it answered with status ${plain}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const { env } = process
const address = `127.0.0.1:${gatewayPort(env)}`
const problem = await check(address)
if (problem !== undefined) {
  process.stderr.write(`The gateway at ${address} is not well: ${problem}\n`)
  process.exitCode = 1
}
