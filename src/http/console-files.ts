import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, posix } from 'node:path'

/** One file of the page, in the codings that the build made of it. */
export interface ConsoleFile {
  readonly type: string
  readonly etag: string
  /** Its name changes with its content. */
  readonly hashed: boolean
  readonly plain: Uint8Array
  readonly br: Uint8Array | null
  readonly gzip: Uint8Array | null
}

export interface ConsoleFiles {
  /** `index.html`, `assets/...`: only what was in the folder when it was read. Undefined: there is no such file. */
  find(path: string): Promise<ConsoleFile | undefined>
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
}

export const INDEX = 'index.html'

interface Table {
  readonly files: ReadonlyMap<string, ConsoleFile>
  /** When the page was built. */
  readonly builtAt: number
}

/** Reads the built page when somebody first asks for it, and again when it was built anew. */
export function createConsoleFiles(folder: string): ConsoleFiles {
  let table: Promise<Table> | undefined

  async function current(path: string): Promise<Table> {
    if (table === undefined || path === INDEX) {
      const builtAt = await timeOfBuild(folder)
      if (table === undefined || (await table).builtAt !== builtAt) {
        table = readTable(folder, builtAt)
        // Built just now, under our eyes: the next who asks finds it whole.
        table.catch(() => (table = undefined))
      }
    }
    return table
  }
  return { find: async (path) => (await current(path)).files.get(path) }
}

/** NaN is no time, and not even itself: without a build it is looked for each time. */
async function timeOfBuild(folder: string): Promise<number> {
  const found = await stat(join(folder, INDEX)).catch(() => undefined)
  return found?.mtimeMs ?? Number.NaN
}

async function readTable(folder: string, builtAt: number): Promise<Table> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const contents = new Map<string, Uint8Array>()
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    contents.set(path.slice(folder.length + 1).replaceAll('\\', '/'), await readFile(path))
  }
  const files = new Map<string, ConsoleFile>()
  for (const [path, plain] of contents) {
    const type = types[posix.extname(path)]
    if (type === undefined) continue
    const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`
    const hashed = path.startsWith('assets/')
    const [br, gzip] = [contents.get(`${path}.br`) ?? null, contents.get(`${path}.gz`) ?? null]
    files.set(path, { type, etag, hashed, plain, br, gzip })
  }
  return { files, builtAt }
}
