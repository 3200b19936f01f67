import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { openStore } from '../../store/open-store.ts'
import { parseStoreUrl } from '../../store/store-url.ts'
import { fileProblem } from '../read-input.ts'
import type { Check } from './check.ts'

/** Whether users and keys can be read and written. Makes nothing that is not there. */
export async function checkStore(url: string, cwd: string): Promise<Check[]> {
  const path = parseStoreUrl(url, cwd)
  const exists = await stat(path).then(
    () => true,
    () => false,
  )
  try {
    await access(exists ? path : dirname(path), constants.R_OK | constants.W_OK)
    // SQLite writes its journal beside the database.
    await access(dirname(path), constants.W_OK)
  } catch (error) {
    const message = `${path} cannot be written: ${fileProblem(error)}`
    return [
      { name: 'store', state: 'fail', message, advice: 'Give it to the account that runs Corral, or set store.url' },
    ]
  }
  if (!exists) return [{ name: 'store', state: 'ok', message: `${path} will be made on the first start` }]
  return [await checkContent(url, cwd, path), await checkSecret(join(dirname(path), 'corral.secret'))]
}

async function checkContent(url: string, cwd: string, path: string): Promise<Check> {
  try {
    const store = await openStore(url, { cwd })
    const [users, keys] = await Promise.all([store.listUsers(), store.listKeys()])
    await store.close()
    return {
      name: 'store',
      state: 'ok',
      message: `${path} can be written; users: ${users.length}, keys: ${keys.length}`,
    }
  } catch (error) {
    const advice = 'If the file is damaged, stop the gateway and run "corral restore FILE" with a backup'
    return { name: 'store', state: 'fail', message: error instanceof Error ? error.message : String(error), advice }
  }
}

async function checkSecret(path: string): Promise<Check> {
  try {
    const { mode } = await stat(path)
    if (process.platform === 'win32' || (mode & 0o077) === 0)
      return { name: 'secret', state: 'ok', message: `${path} is private` }
    return { name: 'secret', state: 'fail', message: `${path} can be read by others`, advice: `chmod 600 ${path}` }
  } catch (error) {
    const advice = 'With CORRAL_PEPPER set this is fine; else it is made with the first key'
    return { name: 'secret', state: 'warn', message: `${path}: ${fileProblem(error)}`, advice }
  }
}
