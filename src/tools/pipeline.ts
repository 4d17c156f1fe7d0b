import { z } from 'zod';
import { defineTool } from './define-tool';
import { outputOf } from './output';
import { runScript } from './shell';

/** Where a repository keeps its pipelines: programs, named for the pipeline. */
const FOLDER = '.gatehouse/pipelines';
const TIMEOUT_MS = 30 * 60 * 1000;

const parameters = z.strictObject({
  pipeline: z
    .string()
    .regex(/^[a-zA-Z0-9][\w.-]{0,99}$/, 'is no name of a pipeline: letters, digits, `.`, `_` and `-`')
    .describe(`Name of the pipeline: a program in \`${FOLDER}\`.`),
  ref: z.string().min(1).max(200).optional().describe('Branch, tag or commit to run on.'),
});

/**
 * Runs a pipeline of the repository as a local command. What a pipeline does is not declared anywhere, so each counts as
 * a deployment; an approval is bound to the tree, and so to the program that runs.
 */
export const triggerPipeline = defineTool<z.infer<typeof parameters>>({
  name: 'trigger-pipeline',
  description: `Trigger a pipeline of the repository: a program in \`${FOLDER}\`.`,
  parameters,
  judge: () => ({ effect: 'production', marks: [], approvalFlags: ['productionAccess'] }),
  sensitive: ['pipeline', 'ref'],
  use: 'pipelineRun',
  idempotent: false,
  isTreeJudged: true,
  mayAsk: true,
  async run({ pipeline, ref }, context) {
    const result = await runScript(context, RUN, [`${FOLDER}/${pipeline}`, ref ?? ''], {
      timeoutMs: TIMEOUT_MS,
    });
    return outputOf(result, `pipeline \`${pipeline}\` ended`);
  },
});

const RUN = `inside "$1"
[ -f "$real" ] || { echo "there is no pipeline at $1" >&2; exit 66; }
[ -x "$real" ] || { echo "the pipeline at $1 is not executable" >&2; exit 66; }
[ -z "$2" ] || { GATEHOUSE_REF=$2; export GATEHOUSE_REF; }
exec "$real"`;
