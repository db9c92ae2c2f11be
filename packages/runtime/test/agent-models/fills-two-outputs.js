const big = 'x'.repeat(6 * 1024 * 1024)

export function* score() {
  yield big
  yield { $slot: 3, value: big }
}
