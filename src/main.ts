import module from 'node:module'
import process from 'node:process'

const oldestNode = 24

if (Number.parseInt(process.versions.node, 10) < oldestNode) {
  process.stderr.write(
    `corral: Node ${process.versions.node} is too old: Corral needs Node ${oldestNode} or newer (from a clone, "npm start" brings its own)\n`,
  )
  process.exitCode = 1
} else {
  // Before anything is imported, so that all of it is compiled once per machine and not once per start.
  module.enableCompileCache?.()
  const { run } = await import('./cli/run.ts')
  process.exitCode = await run(process)
  // A connection or a timer that is still open shall not keep a command alive that is done.
  setTimeout(() => process.exit(), 200).unref()
}
