import type { BudgetedUse } from './budget';
import type { CredentialNeed } from './credential';
import type { Effect } from './effect';

/** A user's own tool (CONTRACTS, Files); it runs `command` in the sandbox. */
export interface ToolDeclaration {
  name: string;
  description: string;
  /** Without one a tool counts as `production`. */
  effect?: Effect;
  /** JSON Schema of the arguments. */
  parameters: Record<string, unknown>;
  /** Names of arguments that say who or where; absent means the default list, `[]` none. */
  sensitive?: string[];
  budget?: BudgetedUse;
  idempotent?: boolean;
  /** Argument vector; the call's arguments arrive as JSON on standard input. */
  command?: string[];
  /** Credentials that its programs, or the proxy for them, get for each call. */
  credential?: CredentialNeed;
}
