import { styleText } from 'node:util'

/** The part of `process` that the commands may touch. */
export type Host = Pick<
  NodeJS.Process,
  'argv' | 'env' | 'cwd' | 'stdin' | 'stdout' | 'stderr' | 'on' | 'off' | 'exit' | 'platform' | 'execPath' | 'getuid'
>

type Style = Parameters<typeof styleText>[0]

/** What a command reads and writes: results on stdout, everything said to a person on stderr. */
export interface Terminal {
  readonly host: Host
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** A line of the result, for whoever reads stdout. */
  print(line: string): void
  /** A line for the person at the keyboard. */
  say(line: string): void
  /** Plain text where stdout, or stderr, is no terminal or NO_COLOR is set. */
  style(style: Style, text: string, stream?: 'stdout' | 'stderr'): string
  readInput(): Promise<string>
}

export function createTerminal(host: Host): Terminal {
  // A reader that went away (`corral key list | head -1`) is its own decision, not our failure.
  host.stdout.on('error', () => {})
  host.stderr.on('error', () => {})
  return {
    host,
    env: host.env,
    cwd: host.cwd(),
    print: (line) => void host.stdout.write(`${line}\n`),
    say: (line) => void host.stderr.write(`${line}\n`),
    style: (style, text, stream = 'stderr') => styleText(style, text, { stream: host[stream], validateStream: true }),
    readInput: async () => {
      let text = ''
      for await (const chunk of host.stdin.setEncoding('utf8')) text += String(chunk)
      return text
    },
  }
}

/** A variable of the environment; one that is empty is not set. */
export function environmentValue({ env }: Pick<Terminal, 'env'>, name: string): string | undefined {
  return env[name] === '' ? undefined : env[name]
}
