/** What the control worker runs: every workflow there is. */
export { agentRun } from './agent-run';
export { deliverNotification } from './deliver-notification';
