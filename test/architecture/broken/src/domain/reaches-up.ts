export { tool } from '../tools/tool';
