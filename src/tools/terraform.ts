import { z } from 'zod';
import type { Finding } from '../domain/decision';
import { defineTool } from './define-tool';
import { outputOf } from './output';
import { judgePaths, pathArgument, workspacePath } from './paths';
import { runScript } from './shell';
import type { CommandResult, ToolContext } from './tool';

const folder = pathArgument.default('.').describe('Folder of the root module, relative to the workspace.');
const workspace = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/)
  .max(90)
  .optional()
  .describe("Terraform workspace; absent means the folder's current one.");

const validateParameters = z.strictObject({ path: folder });
const planParameters = z.strictObject({ path: folder, workspace });
const applyParameters = planParameters.extend({
  plan: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe(
      'The plan to apply, as terraform-plan named it in its last line. Nothing is applied without it.',
    ),
});

/** Where a plan is saved, in its folder: terraform-apply runs this file, if it still is the one that it names. */
export const PLAN_FILE = '.terraform/gatehouse.tfplan';

/** The plan that an output of terraform-plan names: the SHA-256 of its file. Null where it saved none. */
export function savedPlan(output: string): string | null {
  return /(?:^|\n)saved as plan ([0-9a-f]{64})\s*$/.exec(output)?.[1] ?? null;
}

/** Checks a root module without its backend, credentials or network. */
export const terraformValidate = defineTool<z.infer<typeof validateParameters>>({
  name: 'terraform-validate',
  description: 'Run `terraform validate` on a folder, without its backend and without credentials.',
  parameters: validateParameters,
  judge: (args, context) => judgePaths('draft', [args.path], context),
  sensitive: [],
  idempotent: true,
  program: 'terraform',
  async run(args, context) {
    return outputOf(await runTerraformValidate(context, workspacePath(args.path)));
  },
});

/** Plans a root module and saves the plan. */
export const terraformPlan = defineTool<z.infer<typeof planParameters>>({
  name: 'terraform-plan',
  description: 'Run `terraform plan` on a folder and save the plan for terraform-apply.',
  parameters: planParameters,
  judge: (args, context) => ({ ...judgePaths('sandbox', [args.path], context), iteration: 'plan' }),
  sensitive: ['workspace'],
  idempotent: true,
  program: 'terraform',
  async run(args, context) {
    return outputOf(await terraform(context, PLAN, args.path, args.workspace));
  },
});

/** Applies the saved plan, and nothing else: any command of the run may have written to that file since. */
export const terraformApply = defineTool<z.infer<typeof applyParameters>>({
  name: 'terraform-apply',
  description: 'Apply the plan that terraform-plan saved for a folder, exactly as it was planned.',
  parameters: applyParameters,
  judge(args, context) {
    const { findings = [], ...place } = judgePaths('production', [args.path], context);
    return {
      ...place,
      approvalFlags: ['productionAccess'],
      iteration: 'apply',
      findings: args.plan === undefined ? [...findings, UNNAMED_PLAN] : findings,
    };
  },
  sensitive: ['workspace'],
  idempotent: false,
  isTreeJudged: true,
  program: 'terraform',
  async run(args, context) {
    return outputOf(await terraform(context, APPLY, args.path, args.workspace, args.plan));
  },
});

/** Nobody is asked for what would apply nothing. */
const UNNAMED_PLAN: Finding = {
  verdict: 'deny',
  layer: 'tools',
  rule: 'unnamed-plan',
  message: 'name the plan: `plan` is what terraform-plan said in its last line',
};

/** Exit code of {@link runTerraformValidate} when the module's providers or modules could not be had. */
export const INIT_FAILED = 67;

/** `terraform validate` on a normalised path; it leaves nothing behind in the workspace. */
export function runTerraformValidate(context: ToolContext, path: string): Promise<CommandResult> {
  return runScript(context, VALIDATE, [path], { env: ENVIRONMENT, timeoutMs: 300_000 });
}

function terraform(context: ToolContext, script: string, path: string, workspace?: string, plan = '') {
  const env = workspace === undefined ? ENVIRONMENT : { ...ENVIRONMENT, TF_WORKSPACE: workspace };
  return runScript(context, script, [workspacePath(path), PLAN_FILE, plan], { env, timeoutMs: 900_000 });
}

const ENVIRONMENT = {
  TF_IN_AUTOMATION: '1',
  TF_INPUT: '0',
  TF_CLI_CONFIG_FILE: '/dev/null',
  CHECKPOINT_DISABLE: '1',
};

const ENTER = `inside "$1"; cd -- "$real"`;

const VALIDATE = `${ENTER}
TF_DATA_DIR=$(mktemp -d); export TF_DATA_DIR
had_lock=; [ ! -e .terraform.lock.hcl ] || had_lock=1
clean() { rm -rf -- "$TF_DATA_DIR"; [ -n "$had_lock" ] || rm -f .terraform.lock.hcl; }
trap clean EXIT
if ! log=$(terraform init -backend=false -no-color 2>&1); then printf '%s\\n' "$log" >&2; exit ${INIT_FAILED}; fi
terraform validate -no-color`;

// The folder ignores itself, so that no commit takes in a plan or a provider.
const PLAN = `${ENTER}
mkdir -p .terraform
printf '*\\n' > .terraform/.gitignore
if ! log=$(terraform init -no-color 2>&1); then printf '%s\\n' "$log" >&2; exit ${INIT_FAILED}; fi
terraform plan -no-color -out="$2" 2>&1
sum=$(sha256sum -- "$2")
printf '\\nsaved as plan %s\\n' "\${sum%% *}"`;

// A copy of our own is what is looked at and what is applied.
const APPLY = `${ENTER}
[ -n "$3" ] || { echo 'name the plan: \`plan\` is what terraform-plan said in its last line' >&2; exit 66; }
[ -f "$2" ] || { echo 'there is no saved plan in this folder; run terraform-plan first' >&2; exit 66; }
plan=$(mktemp)
cp -- "$2" "$plan"
sum=$(sha256sum -- "$plan")
[ "\${sum%% *}" = "$3" ] || {
  echo 'the saved plan is not the one that was named, so nothing was applied; run terraform-plan again' >&2
  exit 66
}
terraform apply -no-color "$plan"`;
