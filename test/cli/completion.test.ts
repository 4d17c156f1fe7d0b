import { execFileSync, spawnSync } from 'node:child_process';
import { gatehouse } from './gatehouse-command';

const script = async (shell: string) => (await gatehouse(['completion', shell])).stdout;

/** What bash offers for the words typed so far. */
async function offered(...words: string[]): Promise<string[]> {
  const typed = ['gatehouse', ...words];
  const text = [
    await script('bash'),
    `COMP_WORDS=(${typed.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${typed.length - 1}`,
    `_gatehouse; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n');
  const answer = execFileSync('bash', ['--norc', '-eu', '-c', text], { encoding: 'utf8' });
  return answer.split('\n').filter(Boolean);
}

test('bash completes commands, subcommands and options', async () => {
  expect(await offered('pol')).toEqual(['policy']);
  expect(await offered('break-glass', '')).toEqual(
    expect.arrayContaining(['request', 'confirm', 'end', 'list']),
  );
  expect(await offered('break-glass', 'request', '--r')).toEqual(['--reason', '--run']);
  expect(await offered('completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']));
  expect(await offered('pause', '--agent', 'demo', '--rea')).toEqual(['--reason']);
});

test('bash completes ids of what is there, and nothing where no stack runs', async () => {
  const text = [
    'gatehouse() { [[ "$1 $2" == "complete-ids approvals" ]] && printf "apr-1\\napr-2\\n"; }',
    await script('bash'),
    `COMP_WORDS=(gatehouse approve apr-1 ''); COMP_CWORD=3; _gatehouse; printf '%s ' "\${COMPREPLY[@]}"`,
  ].join('\n');
  expect(execFileSync('bash', ['--norc', '-c', text], { encoding: 'utf8' })).toContain('apr-1 apr-2');
  const { code, stdout } = await gatehouse(['complete-ids', 'runs'], { env: { GATEHOUSE_DATA: '/nowhere' } });
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
});

test.each(['zsh', 'fish'])('%s finds no mistake in its script, where it is installed', async (shell) => {
  const text = await script(shell);
  expect(text).toContain('break-glass request');
  const { error, status } = spawnSync(shell, ['-n', '/dev/stdin'], { input: text });
  if (!error) expect(status).toBe(0);
});

test('an unknown shell is bad usage', async () => {
  expect(await gatehouse(['completion', 'tcsh'])).toMatchObject({ code: 2, stdout: '' });
});
