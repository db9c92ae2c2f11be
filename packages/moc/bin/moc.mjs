#!/usr/bin/env node
// The bundle where it has been built or packed; else the sources (a checkout that has not been built).
import { existsSync } from 'node:fs'

const bundle = new URL('../dist/bundle/main.mjs', import.meta.url)
if (existsSync(bundle)) {
  await import(bundle.href)
} else {
  process.stderr.write('moc has not been built yet: run "npm run build" in the folder of the project, then try again\n')
  process.exitCode = 1
}
