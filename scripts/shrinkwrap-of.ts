interface LockedPackage {
  readonly dev?: boolean
  readonly resolved?: string
  readonly devDependencies?: unknown
  readonly [field: string]: unknown
}

export interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

/** The same lock without what only development needs, and without the addresses of anybody's registry. */
export function shrinkwrapOf<Lock extends LockFile>(lock: Lock): Lock {
  const needed = Object.entries(lock.packages).filter(([, entry]) => entry.dev !== true)
  return { ...lock, packages: Object.fromEntries(needed.map(([path, entry]) => [path, published(entry)])) }
}

function published({ resolved: _address, devDependencies: _tools, ...entry }: LockedPackage): LockedPackage {
  return entry
}
