import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'test/**/*.test.ts',
      'stories/**/*.test.ts',
    ],
    exclude: ['**/dist/**', '**/node_modules/**'],
    globalSetup: ['./test/postgres-server.ts'],
    // for what hangs: longer than the longest wait of a test, whatever else the machine does
    testTimeout: 180_000,
    hookTimeout: 300_000,
    // as patient as the tests that wait: a busy machine takes its time
    expect: { poll: { timeout: 60_000 } },
    reporters: ['default', './test/closing-line-reporter.ts'],
  },
})
