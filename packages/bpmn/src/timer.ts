export function checkTimerText(_text: string, _kind: 'date' | 'duration' | 'cycle'): string | null {
  return null
}
