const others = { Bun: 'bun', Deno: 'deno' } as const
type Other = keyof typeof others

const other = (Object.keys(others) as Other[]).find((name) => name in globalThis)

/** What runs this. Bun and Deno pass for Node in `process.release` and `process.versions.node`. */
export const runtime = other === undefined ? 'node' : others[other]
