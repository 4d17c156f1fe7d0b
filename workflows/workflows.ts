/** The workflows of a control worker, by the names they are started with. */
export { agentRun } from './agent-run';
export { breakGlass } from './break-glass';
export { deliverNotification } from './deliver-notification';
