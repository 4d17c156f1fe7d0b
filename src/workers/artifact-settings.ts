import type { TlsFiles } from '../broker/broker-address';
import { type EndpointAddress, endpointAddressOf } from '../broker/endpoint-address';
import type { ControlConfig } from '../config';

type ArtifactConfig = Pick<
  ControlConfig,
  | 'GATEHOUSE_ARTIFACT_ENDPOINT'
  | 'GATEHOUSE_ARTIFACT_TLS_CERT'
  | 'GATEHOUSE_ARTIFACT_TLS_KEY'
  | 'GATEHOUSE_ARTIFACT_TLS_CA'
>;

/** Where artifacts are asked for, for either end. @throws GatehouseError `artifact-endpoint-address-invalid` */
export function artifactsAt(config: ArtifactConfig): { address: EndpointAddress; tls?: TlsFiles } {
  const address = endpointAddressOf(config.GATEHOUSE_ARTIFACT_ENDPOINT, 'artifact endpoint');
  const {
    GATEHOUSE_ARTIFACT_TLS_CERT: certificate,
    GATEHOUSE_ARTIFACT_TLS_KEY: key,
    GATEHOUSE_ARTIFACT_TLS_CA: authority,
  } = config;
  if (!certificate || !key || !authority) return { address };
  return { address, tls: { certificate, key, authority } };
}
