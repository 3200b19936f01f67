import { setTimeout as sleep } from 'node:timers/promises'
import type { MeasuredServer } from './gateway.ts'
import { cpuSince, cpuTime } from './process-usage.ts'
import { median } from './statistics.ts'
import { chatBody } from './workload.ts'
import { runWrk } from './wrk.ts'

/** Small chats over 64 connections for a while. */
export interface ChatRound {
  readonly perSecond: number
  /** Microseconds for each request. */
  readonly userUs: number
  readonly systemUs: number
}

/** A request log line of nothing is shorter. */
const LEAST_LOG_LINE = 50
/** The gateway writes its log in batches, five times a second. */
const LOG_PAUSE_MS = 300

export async function runChatRound(server: MeasuredServer, wrk: string, seconds: number): Promise<ChatRound> {
  const body = chatBody({ stream: false, seed: 1, chunks: 6 })
  const loggedBefore = server.logBytes()
  const before = cpuTime(server.pid)
  const { requests, perSecond } = await runWrk({ wrk, target: server, body, seconds })
  const { userUs, systemUs } = cpuSince(before, server.pid)
  await sleep(LOG_PAUSE_MS)
  if (server.logBytes() - loggedBefore < requests * LEAST_LOG_LINE) throw new Error('Requests are missing in the log')
  return { perSecond, userUs: userUs / requests, systemUs: systemUs / requests }
}

export function chatCpu({ userUs, systemUs }: ChatRound): number {
  return userUs + systemUs
}

export function chatRate({ perSecond }: ChatRound): number {
  return perSecond
}

export function describeChats(round: ChatRound | undefined): string {
  if (round === undefined) return 'not measured'
  const { userUs, systemUs, perSecond } = round
  return `${chatCpu(round).toFixed(1)} us (user ${userUs.toFixed(1)}, system ${systemUs.toFixed(1)}), ${perSecond.toFixed(0)}/s`
}

export function chatTable(name: string, rounds: readonly ChatRound[]): string[] {
  if (rounds.length === 0) return []
  const middle: ChatRound = {
    userUs: median(rounds.map((each) => each.userUs)),
    systemUs: median(rounds.map((each) => each.systemUs)),
    perSecond: median(rounds.map(chatRate)),
  }
  const totals = rounds.map((each) => chatCpu(each).toFixed(1)).join(', ')
  return [`- ${name}: medians ${describeChats(middle)}; CPU per request of each round: ${totals} us`]
}
