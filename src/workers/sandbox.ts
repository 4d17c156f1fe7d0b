/** The sandbox worker: executes granted calls in an OS sandbox. It has neither the database nor any key of others. */
import { sandboxConfig } from '../config';
import { createSandboxWorker } from './sandbox-worker';
import { serve } from './serve';

serve('sandbox', sandboxConfig, createSandboxWorker);
