/**
 * pg takes `prefer`, `require` and `verify-ca` for `verify-full`, and warns of it on stderr at each start (pg-connection-string 2). Said as it
 * is taken, there is nothing to warn of.
 */
export function withPlainSslMode(url: string): string {
  if (/[?&]uselibpqcompat=true(?:&|$)/.test(url)) return url
  return url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/g, '$1verify-full')
}
