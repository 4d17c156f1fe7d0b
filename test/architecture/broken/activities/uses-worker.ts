export { connect } from '../src/workers/control';
