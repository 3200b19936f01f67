import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { vi } from 'vitest'

export interface LoggedBody {
  readonly bytes: number
  readonly text?: string
  readonly cut?: boolean
  readonly left_out?: string
}

export interface LoggedBodies {
  readonly id: string
  readonly time: string
  readonly user: string | null
  readonly keyName: string | null
  readonly path: string
  readonly model: string | null
  readonly status: number | null
  readonly end: string
  readonly request: LoggedBody
  readonly answer: LoggedBody
}

export interface BodiesFile {
  readonly path: string
  readonly text: string
}

/** All files of bodies that are on disk by now. */
export async function bodiesFiles(folder: string): Promise<BodiesFile[]> {
  const logs = join(folder, 'logs')
  const names = (await readdir(logs).catch(() => [])).filter((name) => name.startsWith('bodies-'))
  const paths = names.toSorted().map((name) => join(logs, name))
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(path, 'utf8') })))
}

export async function readBodies(folder: string): Promise<LoggedBodies[]> {
  const lines = (await bodiesFiles(folder)).flatMap(({ text }) => text.split('\n').slice(0, -1))
  return lines.map((line) => JSON.parse(line) as LoggedBodies)
}

/** The one line about the exchange with this id, as soon as it is there. */
export function loggedBodies(folder: string, id: string): Promise<LoggedBodies> {
  return vi.waitFor(
    async () => {
      const found = (await readBodies(folder)).filter((line) => line.id === id)
      const [line] = found
      if (line === undefined || found.length > 1) throw new Error(`${found.length} lines of bodies for ${id}`)
      return line
    },
    { timeout: 5000, interval: 20 },
  )
}
