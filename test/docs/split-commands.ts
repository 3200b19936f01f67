export interface Commands {
  /** `server` and `agent` run until they are stopped. */
  readonly kind: 'script' | 'server' | 'agent'
  readonly text: string
}

const server =
  /^(?:\S.*&& *)?(?:\w+=\S* +)*(?:exec +)?(?:npm (?:run )?start|(?:npm|npx|corral|node|bun|deno)\b[^&|;#]* serve)(?=\s|$)[^&|;]*&?$/

const agent = /^(?:\w+=\S* +)*(?:npx |npm run -s )?corral (?:-- )?agent(?!.* --(?:check|help)\b)[^|;]*$/

/**
 * The lines of a shell snippet, grouped: those that end by themselves are run together, each that starts a gateway
 * or an agent alone. A line that goes on (`\`), a quoted text and a here-document stay in one piece.
 */
export function splitCommands(code: string): Commands[] {
  const groups: Commands[] = []
  let script: string[] = []
  const flush = (): void => {
    if (script.some((line) => line.trim() !== '')) groups.push({ kind: 'script', text: script.join('\n') })
    script = []
  }
  for (const command of wholeCommands(code.split('\n'))) {
    const plain = command
      .replace(/\\\n\s*/g, ' ')
      .replace(/ +#.*$/, '')
      .trim()
    const kind = kindOf(plain)
    if (kind !== 'script') {
      flush()
      groups.push({ kind, text: plain.replace(/ *&$/, '') })
    } else script.push(command)
  }
  flush()
  return groups
}

function kindOf(plain: string): Commands['kind'] {
  if (server.test(plain)) return 'server'
  return agent.test(plain) ? 'agent' : 'script'
}

function* wholeCommands(lines: readonly string[]): Generator<string> {
  let command: string[] = []
  for (const line of lines) {
    command.push(line)
    if (isOpen(command)) continue
    yield command.join('\n')
    command = []
  }
  if (command.length > 0) yield command.join('\n')
}

function isOpen(lines: readonly string[]): boolean {
  const last = lines.at(-1) ?? ''
  const end = /<<-?\s*(["']?)(\w+)\1/.exec(lines[0] ?? '')?.[2]
  if (end !== undefined) return last.trim() !== end || lines.length === 1
  if (last.endsWith('\\')) return true
  return isInQuotes(lines.join('\n'))
}

function isInQuotes(text: string): boolean {
  let quote: string | undefined
  for (let i = 0; i < text.length; i += 1) {
    const sign = text[i]
    if (sign === '\\' && quote !== "'") i += 1
    else if (quote === undefined && sign === '#' && /^$|\s/.test(text[i - 1] ?? '')) i = endOfLine(text, i)
    else if (quote === undefined && (sign === '"' || sign === "'")) quote = sign
    else if (sign === quote) quote = undefined
  }
  return quote !== undefined
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end
}
