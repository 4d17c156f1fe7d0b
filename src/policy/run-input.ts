import { z } from 'zod';
import { GatehouseError } from '../domain/errors';
import { isRunId, type RunInput, workflowIdOf } from '../domain/run';
import { AutonomyTier } from '../domain/tier';
import { visibleText } from '../domain/visible-text';

/**
 * The input of a run, read strictly: it may come from any Temporal client. What is `null` counts as absent.
 *
 * @param workflowId of the workflow it was given to
 * @throws GatehouseError `input-malformed`, naming every problem; `run-id-malformed`
 */
export function readRunInput(input: unknown, workflowId: string): RunInput {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw malformed(parsed.error.issues.slice(0, MAX_SHOWN).map(wordsOf).join('; '));
  const { runId } = parsed.data;
  if (!isRunId(runId))
    throw new GatehouseError('run-id-malformed', 'a run id holds letters, digits, `.`, `_` and `-` only');
  // Or one run could be taken for another one.
  if (workflowId !== workflowIdOf(runId))
    throw malformed(`the workflow of run \`${runId}\` is \`${workflowIdOf(runId)}\`, not this one`);
  return Object.fromEntries(
    Object.entries(parsed.data).filter(([, value]) => value !== null),
  ) as unknown as RunInput;
}

const MAX_SHOWN = 10;

// The database keeps JSON, which has no place for either.
const text = z
  .string()
  .refine((value) => !/[\0\p{Cs}]/u.test(value), 'holds a NUL character or half a character');
const word = text.min(1, 'is empty').max(500);
const limit = z.number().int().positive();
const flag = z.boolean().optional();

const schema = z.strictObject({
  runId: word,
  organizationId: word,
  agent: word,
  prompt: text.refine((value) => value.trim() !== '', 'is empty; it says what to do'),
  attachments: z.array(text).nullish(),
  repo: word.max(4_096).nullish(),
  requestedBy: word,
  narrow: z
    .strictObject({
      tier: z.enum(AutonomyTier),
      allowedTools: z.array(word),
      deniedTools: z.array(word),
      maxTurns: limit,
      maxTokenBudget: limit,
      requiresApproval: z.strictObject({
        prCreation: flag,
        credentialRequest: flag,
        productionAccess: flag,
      }),
    })
    .partial()
    .nullish(),
});

function wordsOf({ path, message, code, ...issue }: z.core.$ZodIssue): string {
  const where = path.length > 0 ? `\`${path.join('.')}\` ` : '';
  if (code === 'unrecognized_keys' && 'keys' in issue) {
    const shown = issue.keys.slice(0, MAX_SHOWN).map((key) => `\`${visibleText(key, 60)}\``);
    const more = issue.keys.length - shown.length;
    return `${where}has unknown keys: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  }
  return `${where}${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

function malformed(why: string): GatehouseError {
  return new GatehouseError('input-malformed', `the input of the run is malformed: ${why}`);
}
