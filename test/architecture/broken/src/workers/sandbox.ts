export type { keep } from '../artifacts/local-artifact-store';
export type { connect } from '../store/database';
