export { sha256 } from '../src/domain/hashing';
