import { execFile } from 'node:child_process'

export interface ProgramResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, with nothing of this environment but what a shell needs. */
export function runProgram(
  program: string,
  programArguments: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<ProgramResult> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', LANG: 'C.UTF-8', ...variables }
  return new Promise((resolve) => {
    execFile(program, programArguments, { env, timeout: 60_000, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      const failure = typeof error?.code === 'number' ? error.code : 1
      resolve({ exitCode: error === null ? 0 : failure, stdout, stderr })
    })
  })
}
