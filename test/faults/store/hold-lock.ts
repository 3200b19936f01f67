import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

/** Another process that holds the lock for writing, until it is told to end. */
export interface LockHolder {
  release(): Promise<void>
}

export async function holdLock(storePath: string): Promise<LockHolder> {
  const program = `
    const { DatabaseSync } = require('node:sqlite')
    const database = new DatabaseSync(process.argv[1], { timeout: 5000 })
    database.exec('BEGIN EXCLUSIVE')
    process.stdout.write('held')
    process.stdin.resume().on('end', () => { database.exec('COMMIT'); process.exit() })
  `
  const child = spawn(process.execPath, ['-e', program, storePath], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return {
    async release() {
      child.stdin.end()
      await once(child, 'exit')
    },
  }
}
