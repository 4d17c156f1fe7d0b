import type { PolicyLayer } from './layer';

/** The organization's rules in Cedar (POLICY §5). */
export const organizationLayer: PolicyLayer = () => [];
