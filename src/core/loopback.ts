import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether a numeric address is one of this machine alone: of 127.0.0.0/8, as IPv6 too (`::ffff:127.0.0.1`), or ::1. */
export function isLoopbackAddress(address: string): boolean {
  const kind = isIP(address);
  return kind !== 0 && loopback.check(address, kind === 4 ? 'ipv4' : 'ipv6');
}

/** Whether a name that a browser or a person wrote stands for this machine alone, whatever a name server says of it. */
export function isLoopbackHost(host: string): boolean {
  const name = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return name.toLowerCase() === 'localhost' || isLoopbackAddress(name);
}
