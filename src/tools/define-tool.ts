import type { Tool } from './tool';

/** A tool with its argument type hidden, for the catalogue. */
export function defineTool<Args>(tool: Tool<Args>): Tool {
  return tool as Tool;
}
