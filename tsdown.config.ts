import { defineConfig } from 'tsdown'

/**
 * The JavaScript of the npm package. Split where commands are loaded, so that each still reads its own code only; not
 * minified, so that a stack trace names functions; the libraries stay outside, as dependencies.
 */
export default defineConfig({
  // The thread that writes the ledger is started by its file, which lies beside that of whoever starts it.
  entry: { main: 'src/main.ts', 'ledger-worker': 'src/store/ledger-worker.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node24',
  fixedExtension: false,
  dts: false,
  logLevel: 'warn',
  outputOptions: { chunkFileNames: '[name].js' },
})
