const hiding = {
  home: ['/home', '/root', '/run/user'],
  temporary: ['/tmp', '/var/tmp'],
} as const

/** Which protection of the unit would hide a path from the service. */
export function hidingOf(path: string): keyof typeof hiding | undefined {
  const isBelow = (folder: string): boolean => path === folder || path.startsWith(`${folder}/`)
  if (hiding.home.some(isBelow)) return 'home'
  return hiding.temporary.some(isBelow) ? 'temporary' : undefined
}
