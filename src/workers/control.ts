/** The control worker: workflows, dispatch, the policy gate, people, audit. It has the database and no model key. */
import { controlConfig } from '../config';
import { createControlWorker } from './control-worker';
import { serve } from './serve';

serve('control', controlConfig, createControlWorker);
