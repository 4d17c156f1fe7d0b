import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { apiConfig, codecConfig, controlConfig, runnerConfig, sandboxConfig } from '../../src/config';
import { searchAttributeTypes } from '../../src/embedded/search-attributes';
import { REFUSED_CALLS } from '../../src/sandbox/system-calls';
import { ROOT } from './cruise';

interface Service {
  environment?: Record<string, string>;
  networks?: string[];
  secrets?: string[];
  volumes?: string[];
  ports?: string[];
  command?: string[];
  cap_drop?: string[];
  security_opt?: string[];
}

const compose = parse(readFileSync(path.join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, null>;
  secrets: Record<string, { file: string }>;
};
const service = (name: string): Service => compose.services[name] ?? {};
const onNetwork = (network: string): string[] =>
  Object.keys(compose.services).filter((name) => service(name).networks?.includes(network));
const sharers = (volume: string): string[] =>
  Object.keys(compose.services).filter((name) =>
    service(name).volumes?.some((mount) => mount.startsWith(`${volume}:`)),
  );

test('every network, volume and secret that a service names is declared', () => {
  for (const { networks = [], volumes = [], secrets = [] } of Object.values(compose.services)) {
    expect(Object.keys(compose.networks)).toEqual(expect.arrayContaining(networks));
    expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining(secrets));
    const named = volumes
      .map((mount) => mount.split(':')[0] ?? '')
      .filter((volume) => !volume.startsWith('.'));
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(named));
  }
});

test('runner and sandbox share no network and no secret with the database', () => {
  expect(onNetwork('database').sort()).toEqual([
    'api',
    'control',
    'migrate',
    'organization',
    'postgres',
    'temporal',
  ]);
  expect(service('postgres').networks).toEqual(['database']);
  expect(compose.networks.database?.internal).toBe(true);
  for (const name of ['runner', 'sandbox'])
    expect(service(name).secrets ?? []).toEqual(name === 'runner' ? ['model-keys'] : []);
});

test('the owner of the tables is known to the migrations alone; control has a role that cannot rewrite the audit', () => {
  const holders = Object.keys(compose.services).filter((name) =>
    service(name).secrets?.includes('gatehouse-password'),
  );
  expect(holders).toEqual(['postgres', 'migrate']);
  expect(service('control').secrets).toEqual(['gatehouse-runtime-password', 'broker']);
  expect(service('migrate').environment).toEqual({ GATEHOUSE_RUNTIME_ROLE: 'gatehouse_runtime' });
});

test('the model keys reach the runner alone', () => {
  const holders = Object.keys(compose.services).filter((name) =>
    service(name).secrets?.includes('model-keys'),
  );
  expect(holders).toEqual(['runner']);
});

test('each private key reaches its own process alone', () => {
  expect(sharers('control-keys')).toEqual(['keys', 'control']);
  expect(sharers('runner-keys')).toEqual(['keys', 'runner']);
  expect(sharers('sandbox-keys')).toEqual(['keys', 'sandbox']);
  expect(sharers('api-keys')).toEqual(['keys', 'api']);
});

test('the broker is reached by the sandbox alone, and what it offers is known to control alone', () => {
  expect(sharers('broker')).toEqual(['control', 'sandbox']);
  const holders = Object.keys(compose.services).filter((name) => service(name).secrets?.includes('broker'));
  expect(holders).toEqual(['control']);
});

test('artifacts lie with control and API; runner and sandbox have an endpoint that they cannot replace, and no store', () => {
  expect(sharers('artifacts')).toEqual(['control', 'api']);
  expect(sharers('artifact-endpoint')).toEqual(['control', 'runner', 'sandbox']);
  for (const name of ['runner', 'sandbox']) {
    expect(service(name).volumes).toContain('artifact-endpoint:/data/artifact-endpoint:ro');
    expect(service(name).environment?.GATEHOUSE_ARTIFACT_ENDPOINT).toBe(
      service('control').environment?.GATEHOUSE_ARTIFACT_ENDPOINT,
    );
  }
});

test('the keys that encrypt histories reach our processes, and neither Temporal nor the database', () => {
  expect(sharers('payload-keys')).toEqual(['keys', 'control', 'api', 'codec', 'runner', 'sandbox']);
  for (const name of ['control', 'api', 'codec', 'runner', 'sandbox'])
    expect(service(name).environment?.GATEHOUSE_PAYLOAD_KEYS).toBe(
      service('keys').environment?.GATEHOUSE_PAYLOAD_KEYS,
    );
});

test('the operators’ network holds no process of a run', () => {
  expect(onNetwork('operators').sort()).toEqual(['api', 'temporal', 'temporal-ui']);
});

test('the codec server has the payload keys and a way to the API, to nobody else, and no secret', () => {
  expect(onNetwork('decoding')).toEqual(['api', 'codec']);
  expect(compose.networks.decoding?.internal).toBe(true);
  expect(onNetwork('to-codec')).toEqual(['codec']);
  expect(service('codec').networks).toEqual(['decoding', 'to-codec']);
  expect(service('codec').secrets).toBeUndefined();
  expect(service('codec').volumes).toEqual(['payload-keys:/keys/payload:ro']);
});

test('the codec server knows the console and the Temporal UI by the addresses that browsers have for them', () => {
  const config = codecConfig(service('codec').environment);
  expect(config.GATEHOUSE_PUBLIC_URL).toBe(service('api').environment?.GATEHOUSE_PUBLIC_URL);
  expect(service('temporal-ui').ports).toEqual([`${new URL(config.GATEHOUSE_TEMPORAL_UI!).host}:8080`]);
  expect(service('temporal-ui').environment).toMatchObject({
    TEMPORAL_CODEC_ENDPOINT: `http://127.0.0.1:${config.GATEHOUSE_CODEC_PORT}`,
    TEMPORAL_CODEC_INCLUDE_CREDENTIALS: 'true',
  });
  // The API answers for the name that it is asked by.
  const api = new URL(config.GATEHOUSE_CODEC_API).hostname;
  expect(service('api').environment?.GATEHOUSE_ALLOWED_HOSTS?.split(',')).toContain(api);
});

test('each process is given an environment that its configuration accepts', () => {
  const database = { DATABASE_URL: 'postgresql://gatehouse:secret@postgres:5432/gatehouse' };
  expect(controlConfig({ ...service('control').environment, ...database })).toMatchObject({
    GATEHOUSE_CHANNEL: 'on',
  });
  expect(runnerConfig(service('runner').environment).GATEHOUSE_CHANNELS).toEqual(
    new Map([['sandbox-1', service('sandbox').environment?.GATEHOUSE_CHANNEL_SOCKET]]),
  );
  expect(sandboxConfig(service('sandbox').environment)).toMatchObject({
    GATEHOUSE_HOST: 'sandbox-1',
    GATEHOUSE_BROKER: service('control').environment?.GATEHOUSE_BROKER,
  });
  expect(apiConfig({ ...service('api').environment, ...database })).toMatchObject({
    GATEHOUSE_API_PORT: 8080,
    GATEHOUSE_LOCAL_REPOSITORIES: 'on',
  });
});

test('the repositories of the host are the only folder of it that runs may name, and nobody writes to them', () => {
  const folders = (name: string) => service(name).volumes?.filter((mount) => mount.startsWith('.'));
  for (const name of ['api', 'sandbox'])
    expect(folders(name)).toEqual(['./deploy/repositories:/repositories:ro']);
  for (const name of ['control', 'runner']) expect(folders(name)).toEqual([]);
});

test.each([
  ['the runner', runnerConfig, 'runner'],
  ['the sandbox', sandboxConfig, 'sandbox'],
  ['the codec server', codecConfig, 'codec'],
])('%s refuses to start with the address of the database', (_who, config, name) => {
  expect(() => config({ ...service(name).environment, DATABASE_URL: 'postgresql://x' })).toThrow(
    'must not be set',
  );
});

test.each(
  ['runner', 'sandbox'].flatMap((name) =>
    [
      'GATEHOUSE_ARTIFACTS',
      'GATEHOUSE_S3_ENDPOINT',
      'GATEHOUSE_S3_REGION',
      'GATEHOUSE_S3_ACCESS_KEY_ID',
      'GATEHOUSE_S3_SECRET_ACCESS_KEY',
    ].map((variable) => [name, variable] as const),
  ),
)('the %s refuses to start with `%s` of the artifact store, and does not repeat it', (name, variable) => {
  const config = name === 'runner' ? runnerConfig : sandboxConfig;
  const start = () => config({ ...service(name).environment, [variable]: 'hunter2' });
  expect(start).toThrow(`\`${variable}\` must not be set`);
  expect(start).not.toThrow('hunter2');
});

test('our own containers have no capability', () => {
  for (const name of ['keys', 'migrate', 'organization', 'control', 'api', 'codec', 'runner', 'sandbox'])
    expect(service(name).cap_drop).toEqual(['ALL']);
});

test('the sandbox’s container is refused what tools are, but for the calls that bubblewrap makes', () => {
  const profile = 'deploy/seccomp-sandbox.json';
  expect(service('sandbox').security_opt).toContain(`seccomp=./${profile}`);
  const { defaultAction, syscalls } = JSON.parse(readFileSync(path.join(ROOT, profile), 'utf8'));
  const bubblewraps = ['unshare', 'mount', 'umount2', 'pivot_root', 'sethostname'];
  const names = Object.keys(REFUSED_CALLS).filter((name) => !bubblewraps.includes(name));
  expect(defaultAction).toBe('SCMP_ACT_ALLOW');
  expect(syscalls).toEqual([{ names: names.sort(), action: 'SCMP_ACT_ERRNO', errnoRet: 1 }]);
});

test('what runs are searched by is registered with its type', () => {
  const command = service('search-attributes').command?.join(' ');
  for (const [name, type] of Object.entries(searchAttributeTypes))
    expect(command).toContain(`--name ${name} --type ${type}`);
});

test('the dynamic configuration has values where Temporal looks for them', () => {
  const settings = parse(readFileSync(path.join(ROOT, 'deploy/temporal/dynamic-config.yaml'), 'utf8'));
  for (const values of Object.values(settings)) expect(values).toEqual([{ value: expect.anything() }]);
});

test('docker-compose, where there is one, accepts the file', () => {
  let version: string | null = null;
  try {
    version = execFileSync('docker-compose', ['version', '--short'], { encoding: 'utf8' });
  } catch {
    // The tests above look at the structure all the same.
  }
  if (version !== null)
    expect(execFileSync('docker-compose', ['config', '--quiet'], { cwd: ROOT, encoding: 'utf8' })).toBe('');
});
