import type { Finding } from '../domain/decision';
import { isAllowed, normalizeToolName } from '../domain/permissions';
import { CREDENTIALS_TOOL } from '../tools/credentials';
import type { PolicyLayer } from './layer';

/** Allowed and denied tools, and what the tool itself has to say of its arguments. Denied beats allowed. */
export const toolsLayer: PolicyLayer = ({ tool, judgement }, { snapshot }) => {
  const { allowed, deniedTools } = snapshot.permissions;
  const isDenied = (tool: string) =>
    deniedTools.some((name) => normalizeToolName(name) === normalizeToolName(tool));
  const findings: Finding[] = [...(judgement.findings ?? [])];
  if (tool.credential && isDenied(CREDENTIALS_TOOL))
    findings.push({
      verdict: 'deny',
      layer: 'tools',
      rule: 'credentials-denied',
      message: `tool \`${tool.name}\` needs credentials, and \`${CREDENTIALS_TOOL}\` is denied to this agent`,
    });
  if (isDenied(tool.name))
    findings.push({
      verdict: 'deny',
      layer: 'tools',
      rule: 'denied',
      message: `tool \`${tool.name}\` is denied to this agent`,
    });
  else if (tool.name !== 'ask-user' && !isAllowed(allowed, tool.name))
    findings.push({
      verdict: 'deny',
      layer: 'tools',
      rule: 'not-allowed',
      message: `tool \`${tool.name}\` is not among this agent's allowed tools`,
    });
  return findings;
};
