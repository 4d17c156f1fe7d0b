export { keep } from '../artifacts/local-artifact-store';
