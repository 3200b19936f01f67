import type { Fleet } from './fleet.ts'
import type { Random } from './random.ts'
import type { SimulatedOllama } from './simulated-ollama.ts'
import type { Answer } from './simulated-runner.ts'
import type { SimulatedRequest } from './workload.ts'

/** Who decides where requests go, and what it hears of them. */
export interface Policy {
  arrived(request: SimulatedRequest): void
  began?(answer: Answer): void
  ended?(answer: Answer): void
  loaded?(server: string, model: string): void
  /** When it wants to be called by itself. */
  readonly nextAt?: number
  wake?(): void
}

/** What it can see and do. */
export interface World {
  readonly fleet: Fleet
  readonly parallel: number
  readonly servers: readonly SimulatedOllama[]
  readonly random: Random
  now(): number
  send(request: SimulatedRequest, server: SimulatedOllama): void
  /** Answered with 503. */
  refuse(request: SimulatedRequest): void
}

export type CreatePolicy = (world: World) => Policy
