import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from './child-process.ts'
import type { Target } from './target.ts'

export interface Load {
  readonly requests: number
  readonly perSecond: number
}

export interface LoadOptions {
  readonly wrk: string
  readonly target: Target
  readonly body: string
  readonly seconds: number
}

/** POSTs the body over 64 connections as fast as answers come. Throws where an answer was not 2xx. */
export async function runWrk({ wrk, target, body, seconds }: LoadOptions): Promise<Load> {
  const folder = mkdtempSync(join(tmpdir(), 'corral-bench-wrk-'))
  try {
    const script = join(folder, 'post.lua')
    writeFileSync(script, luaScript(target, body))
    const output = await runProgram(wrk, ['-t1', '-c64', `-d${seconds}s`, '-s', script, `${target.url}/api/chat`])
    if (/Non-2xx|Socket errors/.test(output)) throw new Error(`wrk saw failures:\n${output}`)
    return { requests: numberIn(output, /(\d+) requests in/), perSecond: numberIn(output, /Requests\/sec:\s+([\d.]+)/) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function luaScript({ key }: Target, body: string): string {
  return `
wrk.method = "POST"
wrk.headers["Authorization"] = "Bearer ${key ?? ''}"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [==[${body}]==]
`
}

function numberIn(output: string, pattern: RegExp): number {
  const found = pattern.exec(output)?.[1]
  if (found === undefined) throw new Error(`wrk said something unknown:\n${output}`)
  return Number(found)
}
