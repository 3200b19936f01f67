import { expect, it } from 'vitest'
import { readAddedUpstream } from './added-upstream.ts'

it('is what it would be in a config', () => {
  const wake = { mac: 'AA-BB-CC-DD-EE-FF', address: '127.0.0.1', port: 9999, wait: '5s' }
  expect(readAddedUpstream('gpu-1', { url: 'http://10.0.0.5:11434/', memory: '24GB', slots: 2, wake })).toEqual({
    ...{ name: 'gpu-1', url: 'http://10.0.0.5:11434', priority: 1, enabled: true, headers: [], ca: null },
    ...{ maxResponseTimeMs: null, memoryBytes: 24 * 2 ** 30, slots: 2, provider: null },
    wake: { mac: 'aa:bb:cc:dd:ee:ff', address: '127.0.0.1', port: 9999, waitMs: 5000 },
  })
  expect(readAddedUpstream('a', { url: 'http://a', priority: undefined })).toMatchObject({ priority: 1, slots: null })
})

it.each([
  [{ name: 'a b' }, 'name is "a b" and should be a name of up to 64 letters'],
  [{ url: 'ftp://a' }, 'url is "ftp://a" and should be a URL such as http://10.0.0.5:11434'],
  [{ url: '' }, 'url is "" and should be a URL'],
  [{ url: 'http://u:hunter2@a' }, 'url has credentials: one that wants them belongs into the config'],
  [{ memory: 'lots' }, 'memory is "lots" and should be a size with its unit'],
  [{ slots: 0 }, 'slots is 0 and should be auto, or a whole number'],
  [{ priority: -1 }, 'priority is -1 and should be'],
  [{ wake: { mac: 'x' } }, 'wake.mac is "x" and should be a hardware address'],
  [{ wake: {} }, 'wake.mac is missing'],
])('is refused as the config would refuse it, without where: %j', (terms, sentence) => {
  const { name, ...rest } = { name: 'a', url: 'http://a', ...terms }
  const read = (): unknown => readAddedUpstream(name, rest)
  expect(read).toThrow(`The upstream's ${sentence}`)
  expect(read).not.toThrow('hunter2')
})
