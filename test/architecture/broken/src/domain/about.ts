export { round } from './round';
export const about = 2;
