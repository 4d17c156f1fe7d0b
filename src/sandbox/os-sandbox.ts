import type { CommandResult, SandboxCommand } from '../tools/tool';
import type { CredentialRule } from './credential-rule';
import type { Refusal } from './egress';
import type { WaitClock } from './pausable-timer';
import type { ProfileInput } from './profile';

/** What surrounds a command: decided by the call's grant and the run, never by the tool. */
export interface Confinement
  extends Pick<ProfileInput, 'effect' | 'workspace' | 'hasGit' | 'forge' | 'binds'> {
  /** Hosts (`name`, `*.name`, either with `:port`; else 443 and 80) reachable at effect `sandbox` and above. @default [] */
  network?: readonly string[];
  /** Credentials that the proxy puts into requests to these hosts. @default [] */
  credentials?: readonly CredentialRule[];
  /** The way to people, for calls whose programs may ask: its socket, and the clock that stands still meanwhile. */
  questions?: { socket: string; clock: WaitClock } | null;
  /** Told of each connection that was refused, as the program named it. */
  onRefusedHost?(refused: Refusal): void;
}

/** Runs commands where they can reach only what their confinement names. */
export interface OsSandbox {
  /**
   * Whether commands can run at all, by running one; asked once, the answer kept.
   *
   * @throws GatehouseError `sandbox-unavailable`
   */
  check(): Promise<void>;
  /**
   * Runs one command to its end. Nothing it started is left when this settles.
   *
   * @throws GatehouseError `sandbox-unavailable`: the command surely did not run
   */
  run(command: SandboxCommand, confinement: Confinement, signal?: AbortSignal): Promise<CommandResult>;
}
