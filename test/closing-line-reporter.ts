import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node'

/** Closes the run with `N passed, N failed, N skipped` on a line of its own. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], _reason: TestRunEndReason): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 }
    for (const module of modules) {
      let tests = 0
      for (const test of module.children.allTests()) {
        tests += 1
        const state = test.result().state
        if (state === 'passed') counts.passed += 1
        else if (state === 'skipped') counts.skipped += 1
        else counts.failed += 1
      }
      if (tests === 0 && !module.ok()) counts.failed += 1
    }
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
  }
}
