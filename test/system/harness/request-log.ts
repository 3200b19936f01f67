import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { vi } from 'vitest'

export interface LoggedExchange {
  readonly id: string
  readonly user: string | null
  readonly keyId: string | null
  readonly path: string
  readonly model: string | null
  readonly upstream: string | null
  readonly status: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  readonly ending: string
  readonly error: string | null
}

/** All lines of the request log that are on disk by now, those of one day in order. */
export async function readRequestLog(folder: string): Promise<LoggedExchange[]> {
  const logs = join(folder, 'logs')
  const names = (await readdir(logs).catch(() => [])).filter((name) => name.startsWith('requests-'))
  const texts = await Promise.all(names.map((name) => readFile(join(logs, name), 'utf8')))
  const lines = texts.join('').split('\n')
  // What follows the last line end is still being written.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as LoggedExchange)
}

/** The one line about the exchange with this id, as soon as it is there. */
export function loggedExchange(folder: string, id: string): Promise<LoggedExchange> {
  return vi.waitFor(
    async () => {
      const found = (await readRequestLog(folder)).filter((line) => line.id === id)
      const [line] = found
      if (line === undefined || found.length > 1) throw new Error(`${found.length} lines are logged for ${id}`)
      return line
    },
    { timeout: 5000, interval: 20 },
  )
}
