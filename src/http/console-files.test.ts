import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import { consoleAnswer, toConsole } from './console-answer.ts'
import { createConsoleFiles } from './console-files.ts'

function builtPage(): string {
  const folder = tempFolder()
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<p>one</p>')
  writeFileSync(join(folder, 'assets', 'page-1234.js'), 'plain')
  writeFileSync(join(folder, 'assets', 'page-1234.js.br'), 'as brotli')
  writeFileSync(join(folder, 'assets', 'page-1234.js.gz'), 'as gzip')
  return folder
}

function pageOf(folder: string) {
  const files = createConsoleFiles(folder)
  return async (path: string, headers: readonly string[] = []) => {
    const { status, body, headers: fields } = await consoleAnswer(files, path, headers)
    const pairs = Array.from({ length: fields.length / 2 }, (_, at) => fields.slice(2 * at, 2 * at + 2))
    return { status, body: Buffer.from(body).toString(), headers: Object.fromEntries(pairs) as Record<string, string> }
  }
}

describe('the files of the console', () => {
  it('are the page at the root, looked at again each time, and assets for good', async () => {
    const ask = pageOf(builtPage())
    const index = await ask('')
    expect(index).toMatchObject({ status: 200, body: '<p>one</p>', headers: { 'cache-control': 'no-cache' } })
    expect(index.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(await ask('', ['If-None-Match', index.headers['etag'] ?? ''])).toMatchObject({ status: 304, body: '' })
    expect(await ask('assets/page-1234.js')).toMatchObject({
      body: 'plain',
      headers: {
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': expect.stringContaining('immutable'),
      },
    })
  })

  it('come in the coding that the browser takes', async () => {
    const ask = pageOf(builtPage())
    const coded = async (accepted: string) => (await ask('assets/page-1234.js', ['accept-encoding', accepted])).body
    expect(await coded('gzip, deflate, br, zstd')).toBe('as brotli')
    expect(await coded('GZIP;q=0.5')).toBe('as gzip')
    expect(await coded('br;q=0, gzip;q=0.0, brx')).toBe('plain')
    expect((await ask('', ['accept-encoding', 'br'])).headers).not.toHaveProperty('content-encoding')
  })

  it.for(['../package.json', 'assets', 'assets/page-1234.js.br', 'index.htm', '/etc/passwd', '__proto__'])(
    'have nothing beside what was built: %s',
    async (path) => {
      await expect(pageOf(builtPage())(path)).rejects.toMatchObject({ code: 'route_not_found' })
    },
  )

  it('forbid all that a page of one host does not need', async () => {
    const { headers } = await pageOf(builtPage())('')
    const policy = headers['content-security-policy'] ?? ''
    expect(policy).toContain("default-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|\*|http|data:/)
  })

  it('are read anew when the page was built anew', async () => {
    const folder = builtPage()
    const ask = pageOf(folder)
    await ask('')
    writeFileSync(join(folder, 'index.html'), '<p>two</p>')
    utimesSync(join(folder, 'index.html'), 1, 1)
    expect(await ask('')).toMatchObject({ body: '<p>two</p>' })
    rmSync(folder, { recursive: true })
    expect(await ask('')).toMatchObject({ status: 503 })
  })

  it('that were not built are a page that says how to', async () => {
    const folder = join(tempFolder(), 'not-there')
    const ask = pageOf(folder)
    expect(await ask('')).toMatchObject({ status: 503, body: expect.stringContaining('npm run build:console') })
    await expect(ask('assets/page-1234.js')).rejects.toMatchObject({ code: 'route_not_found' })
    mkdirSync(folder)
    writeFileSync(join(folder, 'index.html'), '<p>late</p>')
    expect(await ask('')).toMatchObject({ status: 200, body: '<p>late</p>' })
  })

  it('stand behind a slash', () => {
    expect(toConsole()).toMatchObject({ status: 308, headers: expect.arrayContaining(['location', '/console/']) })
  })
})
