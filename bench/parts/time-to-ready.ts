import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { cleanEnvironment } from '../../test/system/harness/clean-environment.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

/** Milliseconds from starting the process to its ready line; then it is stopped, which writes the compile cache. */
export async function timeToReady(configFile: string, compileCache: string): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', configFile, '--listen', '127.0.0.1:0'], {
    cwd: dirname(configFile),
    env: { ...cleanEnvironment(), NODE_COMPILE_CACHE: compileCache },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const readyAt = await new Promise<number>((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('corral ready ')) resolve(performance.now())
    })
    void exited.then(() => reject(new Error('The gateway ended before it was ready')))
  })
  child.kill('SIGTERM')
  await exited
  return readyAt - startedAt
}
