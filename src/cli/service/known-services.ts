/** A part of Corral that runs as a service of the machine. */
export interface Service {
  /** Of its unit and of its folders below /etc, /var/lib and /var/log. */
  readonly name: string
  readonly description: string
  /** What is typed after `corral`. */
  readonly command: readonly string[]
  /** What has no key yet can be given one before the first start. */
  readonly firstKey: readonly string[]
}

export const gatewayService: Service = {
  name: 'corral',
  description: 'Corral, a gateway in front of Ollama servers',
  command: ['serve'],
  firstKey: ['user', 'create', 'admin', '--scope', 'chat,embed,models:read,models:write,admin,metrics'],
}

const services: readonly Service[] = [gatewayService]

export function findService(name: string): Service | undefined {
  return services.find((service) => service.name === name)
}
