// @ts-expect-error there is no such file
export { nowhere } from './nowhere';
