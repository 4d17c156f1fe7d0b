import { readFileSync } from 'node:fs';
import { GatehouseError } from '../domain/errors';

/** Who one is on the channel between machines, and whom one believes. All PEM. */
export interface ChannelTls {
  /** With those between it and the authority. */
  certificate: Buffer;
  privateKey: Buffer;
  /** Signs the certificates of runners and sandbox hosts, and of nobody else. */
  authority: Buffer;
}

/** Files, as the configuration of runner and sandbox names them. */
export interface ChannelTlsFiles {
  GATEHOUSE_CHANNEL_CERTIFICATE?: string;
  GATEHOUSE_CHANNEL_PRIVATE_KEY?: string;
  GATEHOUSE_CHANNEL_AUTHORITY?: string;
}

/** Both sides are ours, so that nothing older needs to be understood. */
export const CHANNEL_TLS_VERSION = 'TLSv1.3';

/** @throws GatehouseError `channel-tls-incomplete`, `channel-tls-unreadable` */
export function readChannelTls(files: ChannelTlsFiles): ChannelTls {
  const read = (name: keyof ChannelTlsFiles): Buffer => {
    const path = files[name];
    if (path === undefined)
      throw new GatehouseError('channel-tls-incomplete', `the channel to other machines needs \`${name}\``);
    try {
      return readFileSync(path);
    } catch (cause) {
      throw new GatehouseError('channel-tls-unreadable', `the file that \`${name}\` names cannot be read`, {
        cause,
      });
    }
  };
  return {
    certificate: read('GATEHOUSE_CHANNEL_CERTIFICATE'),
    privateKey: read('GATEHOUSE_CHANNEL_PRIVATE_KEY'),
    authority: read('GATEHOUSE_CHANNEL_AUTHORITY'),
  };
}
