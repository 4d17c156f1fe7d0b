import { isAllowed, normalizeToolName } from '../domain/permissions';
import type { PolicySnapshotContent } from '../domain/policy';
import type { OfferedTool } from './provider';

/**
 * The tools a run's model is told of: built-in ones, then the user's own, without those its permissions close. This
 * spares the model refusals and decides nothing: the gate judges every call, offered or not.
 */
export function offeredTools(
  snapshot: PolicySnapshotContent,
  builtIn: readonly OfferedTool[],
): OfferedTool[] {
  const own = snapshot.tools.map(({ name, description, parameters }) => ({
    name,
    description,
    inputSchema: parameters,
  }));
  const { allowed, deniedTools } = snapshot.permissions;
  const denied = new Set(deniedTools.map(normalizeToolName));
  return [...builtIn, ...own].filter(({ name }) => {
    const normalized = normalizeToolName(name);
    return !denied.has(normalized) && (normalized === 'ask-user' || isAllowed(allowed, name));
  });
}
