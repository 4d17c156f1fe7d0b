export { thing } from '../misc/thing';
