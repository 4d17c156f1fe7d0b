import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtInTools } from '../../src/tools/catalogue';
import { runCommand } from '../../src/tools/command';
import { toolOf } from '../../src/tools/declared';
import { kubectlApply } from '../../src/tools/kubernetes';
import { triggerPipeline } from '../../src/tools/pipeline';
import { proposeChange } from '../../src/tools/propose';
import { type ToolWorkspace, toolWorkspace } from '../support/tool-workspace';

let workspace: ToolWorkspace;
beforeEach(() => {
  workspace = toolWorkspace();
});
afterEach(() => workspace.remove());

describe('run-command', () => {
  test('runs bash and gives both outputs and the exit code', async () => {
    const done = await workspace.call(runCommand, { command: 'echo out; [[ 1 ]] && echo err >&2; exit 3' });
    expect(done).toEqual({ ok: false, text: 'out\nerr\n(exit code 3)', exitCode: 3 });
    expect(await workspace.call(runCommand, { command: 'true' })).toMatchObject({
      ok: true,
      text: '(no output)',
    });
  });

  test('stops a command that runs too long, with all its children', async () => {
    const slow = await workspace.call(runCommand, { command: 'sleep 60 & sleep 60; wait', timeoutMs: 200 });
    expect(slow).toMatchObject({ ok: false, text: expect.stringContaining('longer than its time limit') });
  });

  test('says when output was dropped', async () => {
    const much = await workspace.call(runCommand, { command: 'head -c 2000000 /dev/zero | tr "\\0" x' });
    expect(much.text).toMatch(/x\n\(output past the limit was dropped; print less, or into a file\)$/);
  });

  test('runs nothing for a blank command, and does not start in a folder outside', async () => {
    expect((await workspace.call(runCommand, { command: ' \n\t' })).text).toBe('(nothing to run)');
    expect(workspace.commands).toEqual([]);
    symlinkSync('/', join(workspace.folder, 'up'));
    expect(await workspace.call(runCommand, { command: 'touch x', cwd: 'up' })).toMatchObject({ ok: false });
    await expect(workspace.call(runCommand, { command: 'touch x', cwd: '..' })).rejects.toThrow(
      'not in the workspace',
    );
    expect(existsSync('/x')).toBe(false);
  });
});

describe('propose-change', () => {
  test('puts the proposal on record under the same id each time, and changes nothing', async () => {
    const args = { title: 'Encrypt', text: 'because', diff: '--- a/x' };
    const first = await workspace.call(proposeChange, args);
    expect(first.text).toMatch(/^proposal [0-9a-f]{12} is on record: Encrypt\n\nbecause\n\n--- a\/x$/);
    expect(await workspace.call(proposeChange, args)).toEqual(first);
    expect(workspace.commands).toEqual([]);
  });
});

describe('kubectl-apply', () => {
  test('names the file, context and namespace as arguments, and nothing outside the workspace', async () => {
    writeFileSync(
      join(workspace.folder, 'web.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n',
    );
    const argv: string[][] = [];
    const context = {
      ...workspace.context,
      // The program need not be here: what it would be called with is what matters.
      exec: (command: Parameters<typeof workspace.context.exec>[0]) => {
        argv.push(command.argv);
        return workspace.context.exec({
          ...command,
          argv: command.argv.map((word) => word.replace('exec kubectl', 'printf "%s\\n"')),
        });
      },
    };
    const args = kubectlApply.parameters.parse({ path: 'web.yaml', context: 'dev', namespace: 'shop' });
    expect((await kubectlApply.run!(args, context)).text.split('\n')).toEqual([
      'apply',
      `--filename=${workspace.context.workspacePath}/web.yaml`,
      '--context=dev',
      '--namespace=shop',
    ]);
    expect(argv[0]).toContain('--context=dev');
    symlinkSync('/etc/hostname', join(workspace.folder, 'out.yaml'));
    expect((await workspace.call(kubectlApply, { path: 'out.yaml' })).text).toContain(
      'leads out of the workspace',
    );
    expect(kubectlApply.parameters.safeParse({ path: 'x', context: '--kubeconfig=/x' }).success).toBe(false);
  });
});

test('cloud-credentials refuses in words where there is no broker', async () => {
  const text = 'no credential broker is configured, so no credentials can be issued';
  const args = { account: 'a', role: 'r' };
  expect(await workspace.call(builtInTools.get('cloud-credentials')!, args)).toEqual({ ok: false, text });
  expect(workspace.commands).toEqual([]);
});

describe('trigger-pipeline', () => {
  const trigger = (pipeline: string, ref?: string) => workspace.call(triggerPipeline, { pipeline, ref });
  const write = (name: string, text: string, mode: number) => {
    const folder = join(workspace.folder, '.gatehouse/pipelines');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), text, { mode });
  };

  test('runs the program of that name in the workspace, and tells it the ref', async () => {
    write('deploy', '#!/bin/sh\necho "deploying $GATEHOUSE_REF from $(pwd)"; exit 4\n', 0o755);
    expect(await trigger('deploy', 'v1')).toMatchObject({
      ok: false,
      text: expect.stringMatching(/^deploying v1 from .+\n\(exit code 4\)$/),
      exitCode: 4,
    });
  });

  test('refuses what is no program of the folder', async () => {
    write('notes', 'just text', 0o644);
    expect((await trigger('absent')).text).toContain('there is no pipeline at');
    expect((await trigger('notes')).text).toContain('is not executable');
    for (const pipeline of ['../deploy', 'a/b', '-x', ''])
      expect(triggerPipeline.parameters.safeParse({ pipeline }).success).toBe(false);
  });
});

describe('a user’s own tool', () => {
  const declaration = { name: 'greet', description: 'x', parameters: { properties: { b: {}, a: {} } } };

  test('gets its arguments as canonical JSON on standard input', async () => {
    const tool = toolOf({ ...declaration, command: ['sh', '-c', 'cat > got; echo done'] });
    expect(await workspace.call(tool, { b: '$(id)', a: [1.0] })).toMatchObject({ ok: true, text: 'done' });
    expect(readFileSync(join(workspace.folder, 'got'), 'utf8')).toBe('{"a":[1],"b":"$(id)"}');
  });

  test('fails in words without a command', async () => {
    expect(await workspace.call(toolOf(declaration), {})).toMatchObject({
      ok: false,
      text: expect.stringContaining('declares no command'),
    });
  });
});
