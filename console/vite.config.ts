import { defineConfig } from 'vite'

/** The page, in files whose names change with their content; the gateway serves them as they are. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  publicDir: 'public',
  logLevel: 'warn',
  clearScreen: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    // Where to is said by scripts/prepare-console.cjs.
    emptyOutDir: false,
    target: 'es2023',
    // Nothing inline: the page's policy forbids it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    cssCodeSplit: true,
  },
})
