export { about } from './about';
export const round = 1;
