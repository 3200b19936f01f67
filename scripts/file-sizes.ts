/** Lines after which a file probably answers more than one question. */
const WARN_LINES = 300

/** Files that may be longer than that, each with its reason. */
const allowed: Readonly<Record<string, string>> = {
  'src/errors/catalogue.ts': 'one table',
  'console/src/admin-types.ts': 'generated',
}

/** One warning per product file that has grown too long; the hard limit is in .oxlintrc.json. */
export function longFiles(files: readonly { readonly path: string; readonly source: string }[]): string[] {
  return files.flatMap(({ path, source }) => {
    const lines = source.split('\n').length - 1
    if (lines <= WARN_LINES || path.endsWith('.test.ts') || allowed[path] !== undefined) return []
    return [`${path} has ${lines} lines: over ${WARN_LINES}, split it or give a reason in scripts/file-sizes.ts`]
  })
}
