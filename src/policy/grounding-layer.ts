import type { PolicyLayer } from './layer';

/** Sensitive arguments must occur as a whole in trusted text (POLICY §6). */
export const groundingLayer: PolicyLayer = () => [];
