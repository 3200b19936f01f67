import { z } from 'zod'
import { duration, section, setting } from '../lib/setting.ts'

/** How a sleeping machine is woken. */
export interface WakeSettings {
  /** Six bytes in hexadecimal, with colons, lower case. */
  readonly mac: string
  /** Where the packet goes. */
  readonly address: string
  readonly port: number
  /** How long a request waits for the upstream to answer. */
  readonly waitMs: number
}

const mac = setting(
  z.string(),
  (text) =>
    /^[0-9a-f]{2}([:-]?)(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i.test(text)
      ? (text.toLowerCase().replace(/[:-]/g, '').match(/../g) ?? []).join(':')
      : undefined,
  { wanted: 'a hardware address such as "aa:bb:cc:dd:ee:ff"', description: 'Hardware address of its network card.' },
)

const address = setting(z.string(), (text) => (/^[\w.:-]{1,253}$/.test(text) ? text : undefined), {
  wanted: 'an address such as 192.168.1.255',
  description: 'Where the magic packet is sent: a broadcast address, or the machine itself.',
})

const port = setting(z.int(), (value) => (value >= 1 && value <= 65_535 ? value : undefined), {
  wanted: 'a port from 1 to 65535',
  description: 'The UDP port it is sent to.',
})

export const wakeSection = section('Wakes its machine by Wake-on-LAN when a request can be served by no other.', {
  mac,
  address: address.prefault('255.255.255.255'),
  port: port.prefault(9),
  wait: duration({ description: 'How long requests wait for it to come up.', minMs: 100 }).prefault('2m'),
})

export function toWakeSettings(raw: z.output<typeof wakeSection>): WakeSettings {
  return { mac: raw.mac, address: raw.address, port: raw.port, waitMs: raw.wait }
}
