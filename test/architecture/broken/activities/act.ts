export { connect as act } from '../src/store/database';
