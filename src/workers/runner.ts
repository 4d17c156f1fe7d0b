/** The runner: asks models, on its own queue. It has model keys and no database; what it reads goes over the channel. */
import { runnerConfig } from '../config';
import { createRunnerWorker } from './runner-worker';
import { serve } from './serve';

serve('runner', runnerConfig, createRunnerWorker);
