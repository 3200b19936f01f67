/** One line of what Ollama tells about a pull. */
export interface PullLine {
  readonly status?: string
  readonly digest?: string
  readonly total?: number
  readonly completed?: number
  readonly error?: string
}

interface ProgressDeps {
  say(sentence: string): void
  /** Milliseconds. */
  now(): number
}

const STEP_PERCENT = 10
const LONGEST_SILENCE_MS = 30_000

/** Ollama tells its progress many times a second: a log gets a line per tenth of the way, or per half minute. */
export function createPullProgress(model: string, { say, now }: ProgressDeps): (line: PullLine) => void {
  const layers = new Map<string, { total: number; completed: number }>()
  let said = { percent: -STEP_PERCENT, at: now(), status: '' }

  function tellBytes(): void {
    const sum = (of: 'total' | 'completed'): number => [...layers.values()].reduce((all, layer) => all + layer[of], 0)
    const [total, completed] = [sum('total'), sum('completed')]
    const percent = total === 0 ? 0 : Math.floor((completed / total) * 100)
    const isStep = percent >= said.percent + STEP_PERCENT || (percent === 100 && said.percent < 100)
    const isLate = percent !== said.percent && now() - said.at >= LONGEST_SILENCE_MS
    if (!isStep && !isLate) return
    said = { ...said, percent, at: now() }
    say(`pulling ${model}: ${percent} % of ${formatBytes(total)}`)
  }

  return ({ status = '', digest, total, completed = 0 }) => {
    if (digest !== undefined && total !== undefined) {
      layers.set(digest, { total, completed })
      return tellBytes()
    }
    if (status === '' || status === said.status || status === 'success') return
    said = { ...said, status }
    say(`pulling ${model}: ${status}`)
  }
}

function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`
  return bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.ceil(bytes / 1e3)} KB`
}
