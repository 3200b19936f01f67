import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

const seconds = 1_000

/** `unit`: no sockets. `system`: real processes and sockets. `long`: what takes minutes (`npm run test:full`). */
function project(name: string, test: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration {
  return { extends: true, test: { name, ...test } }
}

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    retry: 0,
    reporters: ['default', './scripts/test-reporter.ts'],
    // The same type stripping that runs the product; nothing here needs module mocks.
    experimental: { viteModuleRunner: false, nodeLoader: false, diagnostics: false },
    projects: [
      project('unit', {
        include: ['{src,scripts,console/src}/**/*.test.ts'],
        exclude: ['**/*.long.test.ts'],
        isolate: false,
        // A guard against what hangs, not a measure: fuzzing takes its time on a busy machine.
        testTimeout: 60 * seconds,
        sequence: { groupOrder: 0 },
      }),
      project('system', {
        include: ['test/**/*.test.ts', 'bench/**/*.test.ts'],
        exclude: ['**/*.long.test.ts'],
        globalSetup: ['./test/console/build-console.ts'],
        testTimeout: 30 * seconds,
        hookTimeout: 30 * seconds,
        sequence: { groupOrder: 1 },
      }),
      project('long', {
        include: ['{src,test,bench,scripts}/**/*.long.test.ts'],
        testTimeout: 600 * seconds,
        hookTimeout: 60 * seconds,
        // Measures memory and time: nothing else runs beside it.
        maxWorkers: 1,
        sequence: { groupOrder: 2 },
      }),
    ],
  },
})
