import type { CallOutcome } from './call';
import type { Workspace } from './steps';

/** What a tool's probe found out about a call that started on a host that is lost. */
export type ProbeResult =
  | { kind: 'finished'; outcome: CallOutcome; workspace: Workspace }
  /** It did not take effect, as far as the workspace and the world show. */
  | { kind: 'not-started' }
  | { kind: 'unknown' };
