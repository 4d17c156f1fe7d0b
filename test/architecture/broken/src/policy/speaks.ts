export { queues } from '../../workflows/messages';
