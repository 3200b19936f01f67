import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CommandFailure } from '../command-failure.ts'
import { fileProblem } from '../read-input.ts'
import type { Service } from './known-services.ts'
import type { ServiceAccount } from './service-account.ts'
import { unitMark } from './unit-text.ts'

export interface WriteTerms {
  readonly service: Service
  readonly text: string
  readonly root: string
  /** Also replace a unit of somebody else. */
  readonly force: boolean
  /** Whose the folders shall be; null: systemd gives them to whom it makes up. */
  readonly owner: ServiceAccount | null
}

/** Writes the unit and makes its folders where they are not there yet. Returns the paths. */
export async function writeService(terms: WriteTerms): Promise<string[]> {
  const { root } = terms
  const { name, keepsState } = terms.service
  const unit = join(root, 'etc/systemd/system', `${name}.service`)
  const folders = keepsState ? ['var/lib', 'var/log'].map((parent) => join(root, parent, name)) : []
  try {
    if (!terms.force) await requireOurs(unit)
    for (const folder of folders) await makeFolder(folder, terms.owner)
    await replaceFile(unit, terms.text)
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    const path = error instanceof Error && 'path' in error ? String(error.path) : unit
    throw new CommandFailure(`Cannot write ${JSON.stringify(path)}: ${fileProblem(error)}`, { cause: error })
  }
  return [unit, ...folders]
}

async function requireOurs(unit: string): Promise<void> {
  const text = await readFile(unit, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined || text.startsWith(unitMark)) return
  throw new CommandFailure(`${unit} is there already and was not written by this command: --force replaces it`)
}

async function makeFolder(folder: string, owner: ServiceAccount | null): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return
    throw error
  }
  if (owner !== null) await chown(folder, owner.uid, owner.gid)
}

/** Whole or not at all, and never through a link: a masked unit is one to /dev/null. */
async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.new`
  await mkdir(dirname(path), { recursive: true })
  await rm(draft, { force: true })
  await writeFile(draft, text, { flag: 'wx', mode: 0o644 })
  await rename(draft, path)
}
