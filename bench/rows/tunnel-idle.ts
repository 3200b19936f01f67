import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { shownUpstreams } from '../../test/system/harness/agent-before.ts'
import { createAgentKey } from '../../test/system/harness/start-agent.ts'
import type { RunningGateway } from '../../test/system/harness/start-gateway.ts'
import type { AgentsOrder } from '../parts/agents-order.ts'
import { type Program, startProgram } from '../parts/child-process.ts'
import { startLogged } from '../parts/gateway.ts'
import { cpuSince, cpuTime, residentBytes } from '../parts/process-usage.ts'
import type { Bench, Row, RowResult } from '../parts/row.ts'

const DRIVER = join(import.meta.dirname, '../agents-driver.ts')
const MB = 1024 * 1024
const AGENTS = 1000
const PROCESSES = 2
const MOST_MB = 150
const PACE_MS = 10
const UP_MS = 30_000

export const tunnelIdle: Row = { name: 'tunnel-idle', title: 'Idle agents', measure }

async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  await using gateway = await startLogged({})
  const key = await createAgentKey(gateway)
  const aloneMb = residentBytes(gateway.pid) / MB
  const order = { gatewayUrl: gateway.url, key, ollamaUrl: stubUrl, agents: AGENTS / PROCESSES, paceMs: PACE_MS }
  await using first = startAgents({ ...order, prefix: 'a' })
  await using second = startAgents({ ...order, prefix: 'b' })
  const samples: number[] = []
  const sampler = setInterval(() => samples.push(residentBytes(gateway.pid) / MB), 200)
  try {
    await Promise.all([first, second].map((each) => untilConnected(each, order.agents)))
    await untilUp(gateway)
    const joinMb = Math.max(...samples.splice(0))
    say(`${AGENTS} agents are connected`)
    const idleMs = quick ? 5000 : 30_000
    const before = cpuTime(gateway.pid)
    await sleep(idleMs)
    const { userUs, systemUs } = cpuSince(before, gateway.pid)
    const mostMb = Math.max(...samples)
    const share = (userUs + systemUs) / (idleMs * 1000)
    return {
      measures: [
        {
          what: `memory: most resident with ${AGENTS} idle agents`,
          reach: `<= ${MOST_MB} MB`,
          measured: `${mostMb.toFixed(0)} MB`,
          reached: mostMb <= MOST_MB,
        },
      ],
      details: [
        `- without agents ${aloneMb.toFixed(0)} MB; most while they connect ${joinMb.toFixed(0)} MB; most and last in ${idleMs / 1000} s after that ${mostMb.toFixed(0)} and ${(samples.at(-1) ?? Number.NaN).toFixed(0)} MB`,
        `- the gateway's CPU meanwhile: ${(share * 100).toFixed(1)} % of a core, asking ${AGENTS} agents how their Ollama is`,
      ],
    }
  } finally {
    clearInterval(sampler)
  }
}

function startAgents(order: AgentsOrder): Program {
  return startProgram(process.execPath, [DRIVER, JSON.stringify(order)])
}

async function untilConnected(driver: Program, agents: number): Promise<void> {
  while (Number(await driver.nextLine()) < agents) continue
}

/** The gateway has heard from each of them what its Ollama has. */
async function untilUp(gateway: RunningGateway): Promise<void> {
  const deadline = performance.now() + UP_MS
  for (;;) {
    const up = (await shownUpstreams(gateway)).filter(({ state }) => state === 'up').length
    if (up === AGENTS) return
    if (performance.now() > deadline) throw new Error(`${up} of ${AGENTS} agents are up`)
    await sleep(500)
  }
}
