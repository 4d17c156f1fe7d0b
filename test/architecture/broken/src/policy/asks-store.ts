export { connect } from '../store/database';
