import { LRUCache } from 'lru-cache';
import type { PolicySnapshot } from '../domain/policy';
import { catalogueOf, findTool } from './catalogue';
import type { Tool } from './tool';

/** The tools of a snapshot, looked up by normalised name. */
export type ToolsOf = (snapshot: PolicySnapshot) => (name: string) => Tool | undefined;

const MAX_CACHED = 200;

/** Joins the built-in tools with those a snapshot declares, once per snapshot. */
export function createToolsOf(): ToolsOf {
  const cache = new LRUCache<string, ReadonlyMap<string, Tool>>({ max: MAX_CACHED });
  return (snapshot) => {
    const known = cache.get(snapshot.id);
    const catalogue = known ?? catalogueOf(snapshot.tools);
    if (!known) cache.set(snapshot.id, catalogue);
    return (name) => findTool(name, catalogue);
  };
}
