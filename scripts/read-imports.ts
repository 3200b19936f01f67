import { posix } from 'node:path'
import { parseSync } from 'vite'
import type { ImportEdge } from './import-rules.ts'

/** The imports and re-exports of one file, dynamic ones with a literal path included. */
export function readImports(path: string, source: string): ImportEdge[] {
  const { module } = parseSync(path, source)
  const edge = (specifier: string, typeOnly: boolean): ImportEdge => ({
    from: path,
    to: specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier,
    typeOnly,
  })
  const imports = module.staticImports.map((found) =>
    // `import { type A }` still loads the module; only `import type` vanishes.
    edge(found.moduleRequest.value, /^import\s+type\s/.test(source.slice(found.start))),
  )
  const exports = module.staticExports.flatMap((found) => {
    const request = found.entries.find((entry) => entry.moduleRequest !== null)?.moduleRequest?.value
    return request === undefined
      ? []
      : [
          edge(
            request,
            found.entries.every((entry) => entry.isType),
          ),
        ]
  })
  const dynamic = module.dynamicImports.flatMap(({ moduleRequest }) => {
    const literal = /^['"`]([^'"`$]+)['"`]$/.exec(source.slice(moduleRequest.start, moduleRequest.end))?.[1]
    return literal === undefined ? [] : [edge(literal, false)]
  })
  return [...imports, ...exports, ...dynamic]
}
