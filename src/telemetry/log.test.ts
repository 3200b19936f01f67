import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createLog } from './log.ts'
import type { LogSettings } from './settings.ts'

function openLog(settings: Partial<LogSettings> = {}, isTTY = false) {
  const lines: string[] = []
  const destination = { isTTY, write: (text: string) => lines.push(text) }
  return { log: createLog({ level: 'info', format: 'auto', ...settings }, { destination }), lines }
}

describe('createLog', () => {
  it('writes a line of JSON with the level by name and the time', () => {
    const { log, lines } = openLog()
    log.info({ upstream: 'gpu-1' }, 'It answered')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      upstream: 'gpu-1',
      msg: 'It answered',
    })
  })

  it('keeps to its level', () => {
    const { log, lines } = openLog({ level: 'warn' })
    log.info({}, 'no')
    log.warn({}, 'yes')
    expect(lines).toHaveLength(1)
    const silent = openLog({ level: 'silent' })
    silent.log.error({}, 'no')
    expect(silent.lines).toEqual([])
  })

  it('is pretty on a terminal, with colours, and plain where pretty is asked for elsewhere', () => {
    const terminal = openLog({}, true)
    terminal.log.info({ a: 1 }, 'Hello')
    expect(terminal.lines[0]).toMatch(/INFO.*Hello/)
    expect(terminal.lines[0]).toContain('\u001B[')
    const elsewhere = openLog({ format: 'pretty' })
    elsewhere.log.info({ a: 1 }, 'Hello')
    expect(elsewhere.lines[0]).toMatch(/INFO: Hello/)
    expect(elsewhere.lines[0]).not.toContain('\u001B[')
    const json = openLog({ format: 'json' }, true)
    json.log.info({}, 'Hello')
    expect(JSON.parse(json.lines[0] ?? '')).toMatchObject({ msg: 'Hello' })
  })

  it('lets no key out, wherever it stands', () => {
    for (const format of ['json', 'pretty'] as const) {
      const { log, lines } = openLog({ format })
      const key = `crl_${'x'.repeat(33)}`
      log.error(
        { err: new Error(`Bearer ${key}`, { cause: new Error(`/k/${key}/x`) }), headers: ['authorization', key] },
        key,
      )
      expect(lines.join('')).toContain('[redacted]')
      expect(lines.join('')).not.toContain('xxx')
    }
  })

  it('writes to stderr, and has written everything when the process exits', () => {
    const path = JSON.stringify(join(import.meta.dirname, 'log.ts'))
    const program = `
      const { createLog } = await import(${path})
      const log = createLog({ level: 'info', format: process.env.FORMAT })
      for (let i = 0; i < 5000; i++) log.info({ i }, 'line')
      process.exit(0)`
    for (const FORMAT of ['auto', 'pretty']) {
      const args = ['--no-warnings', '--input-type=module', '-e', program]
      const child = spawnSync(process.execPath, args, {
        env: { ...process.env, FORMAT },
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      })
      expect(child.stdout).toBe('')
      expect(child.stderr.match(/line/g)).toHaveLength(5000)
    }
  })
})
