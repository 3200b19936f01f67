/** Exact versions of the libraries that the product needs at run time, by name. */
type Libraries = Readonly<Record<string, string>>

const permissions = ['net', 'read', 'write', 'env', 'sys']
/** An agent writes no file. */
const clientPermissions = ['net', 'read', 'env', 'sys=hostname']

/**
 * The text of deno.json. Without package.json, whose tools for development Deno would fetch before it starts anything
 * (300 MB instead of 10); and away from node_modules, which belong to npm.
 */
export function denoConfig(libraries: Libraries): string {
  const run = commandWith(permissions)
  const config = {
    nodeModulesDir: 'manual',
    lock: { path: './deno.lock', frozen: true },
    tasks: { corral: run, server: `${run} serve`, client: `${commandWith(clientPermissions)} agent` },
    imports: Object.fromEntries(Object.entries(libraries).map(([name, version]) => [name, `npm:${name}@${version}`])),
  }
  return `${JSON.stringify(config, undefined, 2)}\n`
}

function commandWith(names: readonly string[]): string {
  const allowed = names.map((name) => `--allow-${name}`).join(' ')
  return `DENO_NO_PACKAGE_JSON=1 deno run --quiet --node-modules-dir=none --no-prompt ${allowed} src/main.ts`
}

/** Whether a deno.lock names exactly these libraries. */
export function isLocked(lock: string, libraries: Libraries): boolean {
  const { specifiers = {} } = JSON.parse(lock) as { specifiers?: Record<string, string> }
  const wanted = Object.entries(libraries).map(([name, version]) => `npm:${name}@${version}`)
  return JSON.stringify(Object.keys(specifiers).toSorted()) === JSON.stringify(wanted.toSorted())
}
