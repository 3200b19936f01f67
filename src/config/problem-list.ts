import { ConfigError } from './config-error.ts'

/** Problems as they are found; told together, those of the file in its order. */
export interface ProblemList {
  add(place: string, sentence: string): void
  readonly count: number
  toError(): ConfigError
}

const MAX_TOLD = 50

export function createProblemList(): ProblemList {
  const lines = new Set<string>()
  return {
    add(place, sentence) {
      lines.add(place === '' ? sentence : `${place}: ${sentence}`)
    },
    get count() {
      return lines.size
    },
    toError() {
      const told = [...lines].toSorted((one, other) => position(one) - position(other)).slice(0, MAX_TOLD)
      if (lines.size > told.length) told.push(`and ${lines.size - told.length} more problems`)
      return new ConfigError(told)
    },
  }
}

function position(line: string): number {
  const match = /:(\d+):(\d+): /.exec(line)
  return match === null ? 0 : Number(match[1]) * 1e6 + Number(match[2])
}
