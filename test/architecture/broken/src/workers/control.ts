export { run } from '../../workflows/run';
export { connect } from '../store/database';
