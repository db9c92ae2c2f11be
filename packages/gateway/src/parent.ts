/** What the server and the program that started it say to each other, over Node's IPC channel. */
type ToServer = { databaseUrl: string }
/** `loaded`: its modules are there; the rest takes as long as a runtime needs to load. */
export type FromServer =
  | { loaded: true }
  | { ready: { url: string; firstPassword: { user: string; password: string } | null } }
  | { failed: string }

/** Whether one started us; it may be gone by now. */
export function hasParent(): boolean {
  return process.send !== undefined
}

/** At once where it is gone already. */
export function onParentGone(act: () => void): void {
  if (process.connected) process.once('disconnect', act)
  else act()
}

export function tellParent(message: FromServer): Promise<void> {
  return new Promise((settle) => {
    if (!process.connected || !process.send) settle()
    else process.send(message, () => settle())
  })
}

export function hearDatabaseUrl(): Promise<string> {
  return new Promise((settle) => {
    process.on('message', function hear(message: ToServer) {
      if (typeof message?.databaseUrl !== 'string') return
      process.off('message', hear)
      settle(message.databaseUrl)
    })
  })
}
