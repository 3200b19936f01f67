/** A part of Corral that runs as a service of the machine. */
export interface Service {
  /** Of its unit, and of its folders below /var/lib and /var/log where it keeps any. */
  readonly name: string
  readonly description: string
  /** What is typed after `corral`. */
  readonly command: readonly string[]
  /** Below /etc/corral; without one that `isNeeded` the service does not start. */
  readonly envFile: { readonly name: string; readonly isNeeded: boolean }
  /** It writes, and reads a config. */
  readonly keepsState: boolean
}

export const gatewayService: Service = {
  name: 'corral',
  description: 'Corral, a gateway in front of Ollama servers',
  command: ['serve'],
  envFile: { name: 'corral.env', isNeeded: false },
  keepsState: true,
}

export const agentService: Service = {
  name: 'corral-agent',
  description: 'Corral agent, which serves the Ollama of this machine through a gateway',
  command: ['agent'],
  envFile: { name: 'agent.env', isNeeded: true },
  keepsState: false,
}
