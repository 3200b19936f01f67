import { Buffer } from 'node:buffer'
import dgram from 'node:dgram'
import net from 'node:net'
import type { WakeSettings } from './wake-settings.ts'

/** Wake-on-LAN: six bytes of ones, then the hardware address sixteen times. */
export function magicPacket(mac: string): Buffer {
  const address = Buffer.from(mac.replaceAll(':', ''), 'hex')
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: 16 }, () => address)])
}

/** Sends one; nothing says whether it arrived. */
export function sendMagicPacket(wake: WakeSettings, failed: (error: Error) => void): void {
  const socket = dgram.createSocket(net.isIPv6(wake.address) ? 'udp6' : 'udp4')
  const done = (error: Error | null): void => {
    if (error !== null) failed(error)
    socket.close()
  }
  socket.once('error', done)
  socket.bind(0, () => {
    if (!net.isIPv6(wake.address)) socket.setBroadcast(true)
    socket.off('error', done)
    socket.send(magicPacket(wake.mac), wake.port, wake.address, done)
  })
}
