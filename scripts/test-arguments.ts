/** What `npm test` was asked to do. */
export interface TestPlan {
  readonly times: number
  /** Whether single tests were picked by name; the others are then not "left out". */
  readonly filtered: boolean
  readonly vitestArguments: readonly string[]
}

const tiers: Readonly<Record<string, readonly string[]>> = {
  '--fast': ['unit', 'system'],
  '--long': ['long'],
  '--full': ['unit', 'system', 'long'],
}

/** `[--fast | --long | --full] [--times N] [anything vitest understands]`; the default tier is the fast one. */
export function parseTestArguments(argv: readonly string[]): TestPlan {
  let projects = tiers['--fast'] ?? []
  let times = 1
  const rest: string[] = []
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? ''
    if (word === '--times') times = parseTimes(argv[(i += 1)])
    else if (tiers[word] !== undefined) projects = tiers[word]
    else rest.push(word)
  }
  const filtered = rest.some((word) => word === '-t' || word.startsWith('--testNamePattern'))
  return { times, filtered, vitestArguments: [...projects.map((name) => `--project=${name}`), ...rest] }
}

function parseTimes(word: string | undefined): number {
  const times = Number(word)
  if (!Number.isInteger(times) || times < 1) throw new Error(`--times wants a whole number from 1, not "${word ?? ''}"`)
  return times
}
