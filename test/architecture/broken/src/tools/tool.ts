export { word as tool } from '../domain/word';
