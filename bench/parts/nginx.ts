import { existsSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startProgram } from './child-process.ts'
import type { MeasuredServer } from './gateway.ts'
import { findTool } from './tools.ts'
import { childOf } from './process-usage.ts'

/** nginx with one worker doing what the gateway does of it: key check, access log, kept upstream connections. */
export async function startNginx(upstreamUrl: string, key: string): Promise<MeasuredServer | null> {
  const nginx = findTool('nginx')
  if (nginx === null) return null
  const folder = await mkdtemp(join(tmpdir(), 'corral-bench-nginx-'))
  const port = await freePort()
  const configFile = join(folder, 'nginx.conf')
  writeFileSync(configFile, nginxConfig({ folder, port, key, upstream: new URL(upstreamUrl).host }))
  const program = startProgram(nginx, ['-e', join(folder, 'error.log'), '-c', configFile])
  const pidFile = join(folder, 'nginx.pid')
  for (let tries = 0; !existsSync(pidFile) || childOf(program.pid) === undefined; tries++) {
    if (tries > 100) throw new Error(`nginx did not start: see ${folder}/error.log`)
    await sleep(20)
  }
  return {
    url: `http://127.0.0.1:${port}`,
    key,
    pid: childOf(program.pid) ?? 0,
    logBytes: () => statSync(join(folder, 'access.log')).size,
    async [Symbol.asyncDispose]() {
      await program[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface NginxOptions {
  readonly folder: string
  readonly port: number
  readonly key: string
  readonly upstream: string
}

function nginxConfig({ folder, port, key, upstream }: NginxOptions): string {
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  ${scratch.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  access_log ${folder}/access.log;
  map $http_authorization $allowed { default 0; "Bearer ${key}" 1; }
  upstream stub { server ${upstream}; keepalive 512; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 100000000;
    location / {
      if ($allowed = 0) { return 401; }
      proxy_pass http://stub;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host localhost:11434;
      proxy_buffering off;
    }
  }
}
`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
