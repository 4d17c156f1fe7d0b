export type { act as actType } from '../activities/act';
export const run = 1;
