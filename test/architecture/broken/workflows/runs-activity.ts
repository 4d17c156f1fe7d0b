export { act } from '../activities/act';
