import { join } from 'node:path'
import { firstForbidden } from './first-forbidden.ts'
import { hidingOf } from './hidden-folders.ts'
import type { ProgramFiles } from './program-files.ts'
import type { ServiceAccount } from './service-account.ts'

export interface WarningTerms {
  readonly files: ProgramFiles
  /** As the service sees it; null: none is named. */
  readonly config: string | null
  readonly account: ServiceAccount | null
  readonly root: string
}

/** What would keep the service from running, or from being as closed as its unit says, each as one sentence. */
export async function serviceWarnings({ files, config, account, root }: WarningTerms): Promise<string[]> {
  const warnings = files.paths.flatMap(placeWarning)
  for (const file of files.program) {
    const bound = files.paths.find((path) => hidingOf(path) !== undefined && isInside(file, path))
    const forbidden = await firstForbidden(file, { account, from: bound ?? '/' })
    if (forbidden !== undefined) warnings.push(`The service may not read ${forbidden}: chmod o+rX ${forbidden}`)
  }
  const forbidden = config === null ? undefined : await firstForbidden(join(root, config), { account, from: root })
  if (forbidden !== undefined) {
    warnings.push(
      `The service may not read ${forbidden}: chmod o+rX ${forbidden}, and keep secrets in /etc/corral/corral.env`,
    )
  }
  return warnings
}

function placeWarning(path: string): string[] {
  switch (hidingOf(path)) {
    case 'home':
      return [`${path} lies in a home folder, whose owner decides what the service runs: /opt would be a safer place`]
    case 'temporary':
      return [
        `${path} lies in a folder that is emptied at boot, and the service would go with it: move it, to /opt for instance`,
      ]
    case undefined:
      return []
  }
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}
