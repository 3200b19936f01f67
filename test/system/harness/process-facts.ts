import { readdir, readFile } from 'node:fs/promises'

/** Whether the system tells about other processes in `/proc`. */
export const hasProcessFacts = process.platform === 'linux'

/** Sockets and files that a process has open. */
export async function openFiles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length
}

export async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

/** TCP connections to a local port that wait for the other side to answer. */
export async function connectingTo(port: number): Promise<number> {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((row) => row.trim().split(/\s+/))
  const SYN_SENT = '02'
  return rows.filter((row) => row[2]?.endsWith(remote) === true && row[3] === SYN_SENT).length
}
