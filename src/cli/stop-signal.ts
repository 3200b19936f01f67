import type { Host } from './terminal.ts'

const numbers = { SIGINT: 2, SIGTERM: 15 } as const

/** Resolves with the first SIGTERM or SIGINT; the second does not wait for anything any more. */
export function stopSignal(host: Host): Promise<keyof typeof numbers> {
  return new Promise((resolve) => {
    let seen = false
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      host.on(signal, () => {
        if (seen) host.exit(128 + numbers[signal])
        seen = true
        resolve(signal)
      })
    }
  })
}
