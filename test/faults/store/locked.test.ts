import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { expect, it, onTestFinished } from 'vitest'
import { startTroubledStore } from './troubled-store.ts'

/** Another process that holds the lock for writing until it is told to end. */
async function holdLock(storePath: string): Promise<ChildProcess> {
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
  return child
}

it(
  'while another process holds the database requests go on, and changes wait for it or say so',
  { timeout: 120_000 },
  async () => {
    await using scene = await startTroubledStore()
    const holder = await holdLock(scene.storePath)
    const order: string[] = []
    const refused = scene.makeKey('refused').then((answer) => {
      order.push('refused')
      return answer
    })
    // Those that wait for the lock stop no one else.
    for (let round = 0; round < 5; round++) await scene.expectService()
    order.push('served')
    const answer = await refused
    expect(order).toEqual(['served', 'refused'])
    expect(answer).toMatchObject({ status: 503, error: 'store_unavailable' })
    expect(answer.text).toContain('another process holds it; try again')
    expect(await scene.problem()).toContain('another process holds it')
    await scene.expectService()

    const patient = scene.makeKey('patient')
    await scene.expectService()
    holder.stdin?.end()
    await once(holder, 'exit')
    expect(await patient).toMatchObject({ status: 201 })
    expect(await scene.problem()).toBeNull()
    expect(await scene.makeKey('refused')).toMatchObject({ status: 201 })
  },
)
