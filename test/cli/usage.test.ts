import { gatehouse } from './gatehouse-command';

test('`--help` names every command, on stdout', async () => {
  const { code, stdout, stderr } = await gatehouse(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const commands =
    'up init agents run runs show inbox approve deny answer approvals top-up pause resume stop halts break-glass people keys settings completion doctor demo'.split(
      ' ',
    );
  for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
});

test('`--version` is that of the package', async () => {
  const { code, stdout } = await gatehouse(['--version']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '0.1.0\n' });
});

test.each([
  [[], /Usage: gatehouse/],
  [['agents'], /Usage: gatehouse agents/],
  [['frobnicate'], /unknown command 'frobnicate'/],
  [['runs', '--frob'], /unknown option '--frob'/],
  [['runs', '--limit', 'many'], /must be a whole number/],
  [['run', '--prompt', 'x'], /missing required argument 'agent'/],
  [['run', 'demo'], /required option '--prompt <text>'/],
  [['run', 'demo', 'more', '--prompt', 'x'], /too many arguments/],
  [['show'], /missing required argument 'run'/],
  [['approve'], /missing required argument 'id'/],
  [['deny', 'apr-1'], /required option '--reason <text>'/],
  [['pause'], /missing required argument 'run', or --agent or --all/],
  [['stop', 'r-1', '--all'], /name a run, --agent or --all, not several/],
  [['break-glass', 'request'], /required option '--reason <text>'/],
  [['break-glass', 'request', '--reason', 'x', '--for', 'ever'], /must be a time/],
  [['approve', 'apr-1', 'apr-2', '--edit'], /one approval at a time/],
  [['top-up', 'r-1'], /say what to add/],
  [['settings', 'people', '--escalate', 'lead'], /go together/],
  [['answer', 'que-1'], /missing required argument 'text'/],
  [['agents', 'check'], /missing required argument 'file'/],
])('bad usage %j exits 2, says what is wrong on stderr and nothing on stdout', async (args, message) => {
  const { code, stdout, stderr } = await gatehouse(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
});

test.each([
  [['frobnicate', '--json'], "unknown command 'frobnicate'"],
  [['policy', 'eval', '--json'], "required option '--agent <file>' not specified"],
])('with `--json` bad usage %j is one line of JSON on stderr', async (args, message) => {
  const { code, stdout, stderr } = await gatehouse(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(JSON.parse(stderr)).toEqual({ error: { code: 'usage', message } });
});
