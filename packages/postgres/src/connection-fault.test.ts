import { expect, it } from 'vitest'
import { connectionAdvice } from './connection-fault.ts'
import { withPlainSslMode } from './ssl-mode.ts'

const failed = (message: string, code?: string) => Object.assign(new Error(message), { code })

it.each([
  [
    'a server that asks for TLS',
    failed('no pg_hba.conf entry for host "x", no encryption', '28000'),
    /sslmode=verify-full/,
  ],
  ['a certificate nobody knows', failed('unable to verify', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'), /sslrootcert=FILE/],
  ['an address that is none', failed('Invalid URL', 'ERR_INVALID_URL'), /# @ \/ \? % of a password as %23 %40/],
  ['a server without TLS', failed('The server does not support SSL connections'), /leave sslmode out/],
  ['a wrong password', failed('password authentication failed', '28P01'), /^check --database-url$/],
])('%s is told with what to do', (_title, error, advice) => {
  expect(connectionAdvice(error)).toMatch(advice)
})

it('a TLS mode is said to pg as pg takes it, so that it warns of nothing', () => {
  const full = 'postgres://u:p@h/d?sslmode=verify-full&sslrootcert=ca.pem'
  expect(withPlainSslMode('postgres://u:p@h/d?sslmode=require&sslrootcert=ca.pem')).toBe(full)
  expect(withPlainSslMode(full)).toBe(full)
  for (const url of [
    'postgres://u:p@h/d',
    'postgres://h/d?sslmode=disable',
    'postgres://h/d?sslmode=require&uselibpqcompat=true',
  ])
    expect(withPlainSslMode(url)).toBe(url)
})
