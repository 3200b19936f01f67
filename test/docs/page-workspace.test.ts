import { expect, it } from 'vitest'
import { openWorkspace } from './page-workspace.ts'

const tags = 'http://127.0.0.1:11435/api/tags'

it('a page goes down one shell: folder, exports, the key that was printed, the gateway that runs', async () => {
  await using page = await openWorkspace()
  await page.shell('test "$(ls ~ | wc -l)" = 0\nexport WORD=kept\nmkdir sub && cd sub\n')
  await page.shell('test "$WORD" = kept\ntest "$(basename "$PWD")" = sub\ncd ..\nnpm ci && npm start\n')
  await page.shell(`curl -H 'Authorization: Bearer KEY' ${tags} | grep -q tiny`)
  const printed = await page.output("printf '%s %s' KEY 127.0.0.1:11435")
  expect(printed).toMatch(/^crl_\w+ 127\.0\.0\.1:\d+$/)
  expect(page.asWritten(printed)).toBe('KEY 127.0.0.1:11435')

  const first = page.filledIn('127.0.0.1:11435')
  await page.shell(`corral serve &\ncurl -H 'Authorization: Bearer KEY' ${tags}`)
  expect(page.filledIn('127.0.0.1:11435')).not.toBe(first)
  await expect(fetch(`http://${first}/livez`)).rejects.toThrow('fetch failed')
})

it('a command that fails fails its snippet, and no key is told', async () => {
  await using page = await openWorkspace()
  await expect(page.shell('true\nfalse\necho later')).rejects.toThrow('ended with 1')
  await expect(page.shell('npm ci\ncorral serve --no-such-option')).rejects.toThrow('never became ready')
  await page.shell('npm start')
  await expect(page.shell(`curl -H 'Authorization: Bearer wrong' ${tags}`)).rejects.toThrow('ended with 22')
  await expect(page.shell('echo KEY; exit 3')).rejects.toThrow(/^ended with 3:\necho KEY; exit 3\nKEY\n$/)
})
