export { config } from '../config';
