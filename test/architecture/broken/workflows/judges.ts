export { tool } from '../src/tools/tool';
