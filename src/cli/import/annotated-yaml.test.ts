import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { countUnmapped, remark, setting, unmapped, variablesOf, writeYaml, yamlText } from './annotated-yaml.ts'

const file = [
  remark('Head.'),
  setting('listen', '0.0.0.0:1'),
  unmapped('x: 1'),
  setting('upstreams', {
    items: [
      [setting('name', 'a'), remark('Said.'), setting('url', 'http://${H}:${P}'), setting('enabled', false)],
      [setting('name', '1.10'), setting('memory', '8GB'), unmapped('z: 3'), setting('models', ['gpt-4', 'a:b', 'yes'])],
    ],
  }),
  setting('models', { section: [setting('assignments', { section: [setting('qwen3:8b', ['a'])] })] }),
  unmapped('y: 2'),
]

describe('writeYaml', () => {
  it('writes what a YAML parser reads as the same values', () => {
    expect(parse(writeYaml(file))).toEqual({
      listen: '0.0.0.0:1',
      upstreams: [
        { name: 'a', url: 'http://${H}:${P}', enabled: false },
        { name: '1.10', memory: '8GB', models: ['gpt-4', 'a:b', 'yes'] },
      ],
      models: { assignments: { 'qwen3:8b': ['a'] } },
    })
  })

  it('has each remark above what it is about, in its indentation', () => {
    const text = writeYaml(file)
    expect(text).toContain(
      '# Head.\n\nlisten: "0.0.0.0:1"\n\n# Not mapped: x: 1\nupstreams:\n  - name: a\n    # Said.\n    url:',
    )
    expect(text.endsWith('\n\n# Not mapped: y: 2\n')).toBe(true)
  })

  it.each(['\n', '\r\n', '\r', '\u2028'])('lets no line end turn a remark into a setting: %j', (end) => {
    const text = writeYaml([remark('Head.'), remark(`a${end}auth: {mode: none}`), setting('drain', '1s')])
    expect(parse(text)).toEqual({ drain: '1s' })
  })

  it('wraps prose', () => {
    const text = writeYaml([remark('word '.repeat(100).trim())])
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
    expect(text.match(/word/g)).toHaveLength(100)
  })

  it.each([
    'true',
    'No',
    'null',
    '~',
    '1',
    '1.5',
    '0x1f',
    '1e3',
    '',
    ' a',
    'a: b',
    '#a',
    '*a',
    '${X}',
    'a"b',
    '-',
    '12:30',
  ])('keeps %j a text', (text) => {
    expect(parse(`a: ${yamlText(text)}`)).toEqual({ a: text })
    expect(parse(`${yamlText(text)}: a`)).toEqual({ [text]: 'a' })
  })
})

describe('what is told of a file', () => {
  it('counts what did not map, wherever it stands', () => {
    expect(countUnmapped(file)).toBe(3)
  })

  it('lists the variables that settings name, not those of comments or escaped ones', () => {
    const more = [remark('${NOT}'), setting('a', '$${PLAIN}'), setting('b', ['${P}', '${Q}'])]
    expect(variablesOf([...file, ...more])).toEqual(['H', 'P', 'Q'])
  })
})
