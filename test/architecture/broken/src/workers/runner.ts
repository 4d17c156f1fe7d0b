export { act } from '../../activities/act';
export { keep } from '../model/keeps';
