import { InvalidArgumentError } from 'commander'

/** `--on a,b` as the header `corral-upstream` says it; `all` is all that the key may reach. */
export function parseUpstreamChoice(value: string): readonly string[] {
  const names = value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (names.length === 0) throw new InvalidArgumentError('It must be names of upstreams with commas between, or all.')
  if (names.includes('all') || names.includes('*')) return ['*']
  const wrong = names.find((name) => !/^[a-z0-9][\w.-]{0,63}$/i.test(name))
  if (wrong !== undefined) throw new InvalidArgumentError(`${JSON.stringify(wrong)} is not the name of an upstream.`)
  return [...new Set(names)]
}
