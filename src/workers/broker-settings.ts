import { type BrokerAddress, brokerAddressOf, type TlsFiles } from '../broker/broker-address';
import type { ControlConfig } from '../config';

type BrokerConfig = Pick<
  ControlConfig,
  'GATEHOUSE_BROKER' | 'GATEHOUSE_BROKER_TLS_CERT' | 'GATEHOUSE_BROKER_TLS_KEY' | 'GATEHOUSE_BROKER_TLS_CA'
>;

/** Where the broker is, for either end; undefined where there is none. @throws GatehouseError `broker-address-invalid` */
export function brokerAt(config: BrokerConfig): { address: BrokerAddress; tls?: TlsFiles } | undefined {
  if (config.GATEHOUSE_BROKER === undefined) return undefined;
  const address = brokerAddressOf(config.GATEHOUSE_BROKER);
  const { GATEHOUSE_BROKER_TLS_CERT, GATEHOUSE_BROKER_TLS_KEY, GATEHOUSE_BROKER_TLS_CA } = config;
  if (!GATEHOUSE_BROKER_TLS_CERT || !GATEHOUSE_BROKER_TLS_KEY || !GATEHOUSE_BROKER_TLS_CA) return { address };
  return {
    address,
    tls: {
      certificate: GATEHOUSE_BROKER_TLS_CERT,
      key: GATEHOUSE_BROKER_TLS_KEY,
      authority: GATEHOUSE_BROKER_TLS_CA,
    },
  };
}
