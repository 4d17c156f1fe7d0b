import { type EndpointAddress, endpointAddressOf } from './endpoint-address';

/** Where the broker listens and is reached. */
export type BrokerAddress = EndpointAddress;

/** As {@link endpointAddressOf}. @throws GatehouseError `broker-address-invalid` */
export function brokerAddressOf(text: string): BrokerAddress {
  return endpointAddressOf(text, 'broker');
}

/** Paths of the broker's requests. */
export const ISSUE_PATH = '/v1/credentials';
export const REDEEM_PATH = '/v1/credentials/redeem';
export const RELEASE_PATH = '/v1/credentials/release';

/** PEM files of one end: its own certificate and key, and who signed the other end's. */
export interface TlsFiles {
  certificate: string;
  key: string;
  authority: string;
}
