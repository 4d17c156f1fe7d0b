import { readFileSync } from 'node:fs';
import { GatehouseError } from '../domain/errors';
import type { MutualTls } from './mutual-tls';

/** Files, as the configuration of runner and sandbox names them. */
export interface ChannelTlsFiles {
  GATEHOUSE_CHANNEL_CERTIFICATE?: string;
  GATEHOUSE_CHANNEL_PRIVATE_KEY?: string;
  GATEHOUSE_CHANNEL_AUTHORITY?: string;
}

/** @throws GatehouseError `channel-tls-incomplete`, `channel-tls-unreadable` */
export function readChannelTls(files: ChannelTlsFiles): MutualTls {
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
