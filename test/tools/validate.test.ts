import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  PLAN_FILE,
  savedPlan,
  terraformApply,
  terraformPlan,
  terraformValidate,
} from '../../src/tools/terraform';
import { validate } from '../../src/tools/validate';
import { commitFiles, gitIn, initRepository } from '../support/git-repository';
import { plainSettings, type ToolWorkspace, toolWorkspace } from '../support/tool-workspace';

const hasTerraform = ['/usr/local/bin', '/usr/bin', '/bin'].some((folder) =>
  existsSync(join(folder, 'terraform')),
);
let workspace: ToolWorkspace;

beforeEach(() => {
  workspace = toolWorkspace();
  initRepository(workspace.folder, { 'main.tf': 'variable "a" {}\n', 'old.yaml': 'a: [1\n' });
});
afterEach(() => workspace.remove());

const write = (path: string, content: string) => writeFileSync(join(workspace.folder, path), content);

describe('validate', () => {
  test('runs the command of the agent file where there is one', async () => {
    for (const [argv, ok] of [
      [['sh', '-c', 'echo fine'], true],
      [['sh', '-c', 'echo bad; exit 3'], false],
    ] as const) {
      const own = { ...workspace.at('draft'), settings: { ...plainSettings, validate: [...argv] } };
      expect(await validate.run!({}, own)).toMatchObject({ ok, exitCode: ok ? 0 : 3 });
    }
  });

  test('finds syntax errors of changed files with their places, and leaves unchanged files alone', async () => {
    write('bad.tf', 'resource "a" "b" {\n  x = \n}\n');
    write('bad.yaml', 'a: 1\na: 2\n');
    write('bad.json', '{\n  "a": 1,\n  "a": 2\n}');
    write('bad.tfvars', 'x = "open\n');
    write('pod.yaml', 'ok: true\n---\napiVersion: v1\nkind: Pod\nmetadata: {}\n');
    const { ok, text } = await workspace.call(validate, {});
    expect(ok).toBe(false);
    expect(text).toContain('bad.tf:2: Invalid expression');
    expect(text).toContain('bad.yaml:2: Map keys must be unique');
    expect(text).toContain('bad.json:1: the JSON text has the key `a` twice');
    expect(text).toContain('bad.tfvars:1: ');
    expect(text).toContain('pod.yaml:3: Pod has no `metadata.name`');
    expect(text).not.toContain('old.yaml');
  });

  test('passes a good change, with terraform where it is installed', async () => {
    write('main.tf', 'variable "a" {\n  type = string\n}\n');
    const { ok, text } = await workspace.call(validate, {});
    expect(text).toContain('1 changed files are well-formed: main.tf');
    expect(text).toContain(hasTerraform ? 'terraform validate in .: Success!' : 'terraform is not installed');
    expect(ok).toBe(true);
    expect(readdirSync(workspace.folder).sort()).toEqual(['.git', 'main.tf', 'old.yaml']);
  });

  test('says so when providers cannot be had, and the syntax still counts', async () => {
    write('main.tf', 'terraform {\n  required_providers {\n    x = { source = "127.0.0.1:1/a/b" }\n  }\n}\n');
    const { ok, text } = await workspace.call(validate, {});
    expect(ok).toBe(true);
    expect(text).toContain(
      hasTerraform ? 'terraform validate was left out in .' : 'terraform is not installed',
    );
  });

  test('checks every file when nothing differs from the last commit', async () => {
    expect((await workspace.call(validate, {})).text).toContain('old.yaml:');
    commitFiles(workspace.folder, 'repair', { 'old.yaml': 'a: [1]\n' });
    expect((await workspace.call(validate, {})).ok).toBe(true);
  });
});

describe('terraform', () => {
  const resource = 'resource "terraform_data" "x" {\n  input = "hello"\n}\n';

  test('apply looks at the saved plan before the program is started: only the one that the call names is applied', async () => {
    const plan = 'a'.repeat(64);
    expect((await workspace.call(terraformApply, {})).text).toContain('name the plan');
    expect((await workspace.call(terraformApply, { plan })).text).toContain('no saved plan');
    mkdirSync(join(workspace.folder, '.terraform'));
    write(PLAN_FILE, 'another plan, which a command put there after the approval');
    expect(await workspace.call(terraformApply, { plan })).toMatchObject({
      ...{ ok: false, exitCode: 66 },
      text: expect.stringContaining('not the one that was named, so nothing was applied'),
    });
  });

  test.each([
    ['Plan: 1 to add\n\nsaved as plan HASH', true],
    ['saved as plan HASH\nand then more', false],
    ['output "x" = "saved as plan HASH"\n(exit code 1)', false],
  ])('a plan has the name that stands in its last line: %j', (text, isNamed) => {
    const hash = '0f'.repeat(32);
    expect(savedPlan(text.replace('HASH', hash))).toBe(isNamed ? hash : null);
  });

  test('validate tells what is wrong; apply runs the saved plan and nothing else', async () => {
    if (!hasTerraform) {
      // Not offered then; run even so, it fails and changes nothing.
      expect(terraformPlan.program).toBe('terraform');
      expect((await workspace.call(terraformValidate, {})).ok).toBe(false);
      return;
    }
    write('main.tf', 'resource "terraform_data" "x" {\n  output = var.missing\n}\n');
    const invalid = await workspace.call(terraformValidate, {});
    expect(invalid).toMatchObject({ ok: false, exitCode: 1 });
    expect(invalid.text).toContain('undeclared input variable');

    write('main.tf', resource);
    const { text } = await workspace.call(terraformPlan, {});
    expect(text).toContain('1 to add');
    const plan = savedPlan(text);
    expect(gitIn(workspace.folder, 'status', '--porcelain', '--', '.terraform')).toBe('');
    write('main.tf', `${resource}${resource.replace('"x"', '"y"')}`);
    expect((await workspace.call(terraformApply, { plan })).text).toContain('1 added');
    expect((await workspace.call(terraformApply, { plan })).text).toContain('Saved plan is stale');
  }, 60_000);
});
