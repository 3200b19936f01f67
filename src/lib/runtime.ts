/** What runs this. Bun and Deno pass for Node in `process.release` and `process.versions.node`. */
export const runtime = 'Bun' in globalThis ? 'bun' : 'Deno' in globalThis ? 'deno' : 'node'
