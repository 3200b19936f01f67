import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandFailure } from '../command-failure.ts'

export interface ServiceAccount {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** The user a service is to run as; `root` is where the system lies that will run it. */
export async function findAccount(name: string, root: string): Promise<ServiceAccount> {
  if (!/^[a-z_][a-z0-9_.-]{0,31}$/i.test(name))
    throw new CommandFailure(`${JSON.stringify(name)} is not the name of a user`, { exitCode: 2 })
  const account = parseEntry(await readEntry(name, root))
  const where = root === '/' ? 'on this machine' : `in ${join(root, 'etc/passwd')}`
  if (account === undefined) {
    throw new CommandFailure(
      `There is no user "${name}" ${where}: make it with "useradd --system --no-create-home --shell /usr/sbin/nologin ${name}", or leave --user out`,
    )
  }
  if (account.uid === 0) throw new CommandFailure(`"${name}" may do everything: name another user, or leave --user out`)
  return account
}

/** The line of passwd(5); getent knows users from elsewhere too. */
async function readEntry(name: string, root: string): Promise<string> {
  if (root === '/') {
    const found = await runGetent(name)
    if (found !== undefined) return found
  }
  const text = await readFile(join(root, 'etc/passwd'), 'utf8').catch(() => '')
  return text.split('\n').find((line) => line.startsWith(`${name}:`)) ?? ''
}

/** Undefined where there is no such program. */
function runGetent(name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('getent', ['passwd', '--', name], { timeout: 10_000 }, (error, stdout) => {
      resolve(error !== null && error.code === 'ENOENT' ? undefined : stdout)
    })
  })
}

function parseEntry(line: string): ServiceAccount | undefined {
  const [name = '', , uid = '', gid = ''] = line.trim().split(':')
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(gid)) return undefined
  return { name, uid: Number(uid), gid: Number(gid) }
}
