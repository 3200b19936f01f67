import { describe, expect, it } from 'vitest'
import { splitCommands } from './split-commands.ts'

describe('the commands of a snippet', () => {
  it('are run together up to the one that starts a gateway', () => {
    const code = 'cd corral\nnpm ci && npm start\ncurl a\ncurl b\n'
    expect(splitCommands(code)).toEqual([
      { kind: 'script', text: 'cd corral' },
      { kind: 'server', text: 'npm ci && npm start' },
      { kind: 'script', text: 'curl a\ncurl b\n' },
    ])
  })

  it.each([
    'npm start',
    'npm start &',
    'corral serve --listen 127.0.0.1:0',
    'CORRAL_DRAIN=1s corral serve   # until Ctrl-C',
    'corral --config a.yaml \\\n  serve',
    'npm run -s corral -- serve',
    'bun src/main.ts serve',
    'deno run -A src/main.ts serve',
  ])('start a gateway with: %s', (code) => {
    expect(splitCommands(code)).toMatchObject([{ kind: 'server' }])
  })

  it.each([
    '# npm start',
    'echo "corral serve" > start.sh',
    'grep serve README.md',
    'corral user create serve-account',
    "cat > x.yaml <<'END'\nnpm start\nEND",
    "echo 'two\nnpm start\n'",
    'corral serve --help | head -1',
  ])('start none with: %s', (code) => {
    expect(splitCommands(code)).toEqual([{ kind: 'script', text: code }])
  })

  it.each([
    'corral agent --server http://127.0.0.1:11435 --key KEY',
    'SERVER_URL=https://a AUTH_TOKEN=KEY npx corral agent   # until Ctrl-C',
    'npm run -s corral -- agent --server a --key KEY',
  ])('start an agent with: %s', (code) => {
    expect(splitCommands(code)).toMatchObject([{ kind: 'agent' }])
  })

  it.each([
    'corral agent --server a --key KEY --check',
    'corral agent --help | head -1',
    'corral key create a --agent',
  ])('start no agent with: %s', (code) => {
    expect(splitCommands(code)).toMatchObject([{ kind: 'script' }])
  })

  it('do not take the quote in a remark for one', () => {
    expect(splitCommands("ls # it's here\nnpm start")).toMatchObject([{ kind: 'script' }, { kind: 'server' }])
  })
})
