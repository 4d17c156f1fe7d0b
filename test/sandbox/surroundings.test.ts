import { execFileSync } from 'node:child_process';
import { waitUntil } from '../support/wait-until';
import { type Host, openHost } from './support/host';

const SECRET = 'Zx7Qm4Lw9Vb2Kt6Np3Rd8';
const PATH = '/run/gatehouse/credentials/cred-1/kubeconfig';
const surroundings = {
  env: { TOKEN: SECRET, KUBECONFIG: PATH },
  file: { path: PATH, text: `token: ${SECRET}` },
};

let host: Host;
beforeAll(async () => {
  host = openHost();
  await host.prepare();
});
afterAll(() => host.close());

const run = (script: string, more: object = { surroundings }) =>
  host.sandbox.run({ argv: ['sh', '-c', script] }, { effect: 'sandbox', workspace: null, ...more });

test('a program finds variables and files, which nobody can change', async () => {
  const { stdout } = await run(
    'echo "$TOKEN"; cat "$KUBECONFIG"; echo; stat -c %a "$KUBECONFIG"; echo x > "$KUBECONFIG" || true; env | grep -c ^PATH=/usr/local/sbin',
  );
  expect(stdout).toBe(`${SECRET}\ntoken: ${SECRET}\n400\n1\n`);
});

test('a variable of ours stays what it is', async () => {
  const { stdout } = await run('echo "$HOME"', { surroundings: { env: { HOME: '/elsewhere' }, file: null } });
  expect(stdout).toBe('/home/agent\n');
});

test('no other process of the machine can read them among arguments', async () => {
  const running = run('sleep 2');
  let shown = '';
  await waitUntil(async () => {
    shown = execFileSync('ps', ['axww', '-o', 'args'], { encoding: 'utf8' });
    return shown.includes('sleep 2');
  }, 'it runs');
  expect(shown).not.toContain(SECRET);
  await running;
});

test('without credentials nothing of them is there', async () => {
  expect((await run('ls -d /run/gatehouse/credentials "$TOKEN" 2>/dev/null; echo end', {})).stdout).toBe(
    'end\n',
  );
});
