export type { connect } from '../store/database';
