import { Connection, type Destination } from './connection.ts'

export interface ConnectionPool {
  /** An idle connection, the last used first, or a new one; `fresh` insists on a new one. */
  take(fresh: boolean): Connection
  /** Gives one back that may carry another request. */
  put(connection: Connection): void
  close(): void
}

export interface PoolOptions {
  /** Idle connections are closed after this; Ollama itself never closes one. */
  readonly idleMs: number
  readonly maxIdle: number
}

/** Keep-alive connections to one upstream. How many are open is decided above, by slots; this only keeps them. */
export function createConnectionPool(destination: Destination, options: PoolOptions): ConnectionPool {
  const idle: Connection[] = []
  const forget = (connection: Connection): void => {
    const at = idle.indexOf(connection)
    if (at >= 0) idle.splice(at, 1)
  }
  const sweep = setInterval(
    () => {
      const oldest = Date.now() - options.idleMs
      while (idle[0] !== undefined && idle[0].idleSince < oldest) idle.shift()?.destroy()
    },
    Math.max(1000, options.idleMs / 2),
  )
  sweep.unref()
  return {
    take(fresh) {
      for (let connection = fresh ? undefined : idle.pop(); connection !== undefined; connection = idle.pop()) {
        if (!connection.closed && !connection.socket.destroyed) return connection
      }
      return new Connection(destination, forget)
    },
    put(connection) {
      if (connection.closed || idle.length >= options.maxIdle) {
        connection.destroy()
        return
      }
      connection.idleSince = Date.now()
      idle.push(connection)
    },
    close() {
      clearInterval(sweep)
      for (const connection of idle.splice(0)) connection.destroy()
    },
  }
}
