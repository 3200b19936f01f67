import { readFileSync } from 'node:fs'

export interface CpuTime {
  readonly userUs: number
  readonly systemUs: number
}

/** USER_HZ, which Linux tells every program is 100. */
const TICK_US = 10_000

/** Of all threads of one process since it began (proc(5), fields 14 and 15 of `stat`). */
export function cpuTime(pid: number): CpuTime {
  const [user, system] = statFields(pid).slice(11, 13)
  return { userUs: Number(user) * TICK_US, systemUs: Number(system) * TICK_US }
}

export function cpuSince(before: CpuTime, pid: number): CpuTime {
  const now = cpuTime(pid)
  return { userUs: now.userUs - before.userUs, systemUs: now.systemUs - before.systemUs }
}

export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1024
}

/** The first child of a process. */
export function childOf(pid: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return children === '' ? undefined : Number(children.split(' ')[0])
}

/** From the process state on; the name before it may hold anything. */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}
