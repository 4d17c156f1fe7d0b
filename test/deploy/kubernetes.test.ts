import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { apiConfig, codecConfig, controlConfig, runnerConfig, sandboxConfig } from '../../src/config';
import { searchAttributeTypes } from '../../src/embedded/search-attributes';
import { artifactsAt } from '../../src/workers/artifact-settings';
import { brokerAt } from '../../src/workers/broker-settings';
import { FOLDER, type Manifest, manifests, ofKind, podOf, workloads } from './manifests';
import { schemaProblems } from './schema-problems';

const OURS = ['control', 'runner', 'sandbox', 'api', 'codec', 'migrate'];
const environmentOf = (name: string) =>
  Object.fromEntries(
    (podOf(name).containers[0]!.env ?? []).map(({ name: key, value, valueFrom }) => [
      key,
      value ?? addressOf(valueFrom?.configMapKeyRef?.key) ?? `from ${valueFrom?.secretKeyRef?.name}`,
    ]),
  );
const addressOf = (key: string | undefined) =>
  key && ofKind('ConfigMap').find(({ metadata }) => metadata.name === 'addresses')!.data![key];
const secretsOf = (name: string) => [
  ...podOf(name).containers.flatMap(({ env = [] }) =>
    env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []),
  ),
  ...(podOf(name).volumes ?? []).flatMap(({ secret }) => secret?.secretName ?? []),
];

test.each(
  manifests.map((each) => [`${each.kind} ${each.metadata.name}`, each] as const),
)('%s is what the schema of Kubernetes says, without a key it does not know', (_name, manifest) => {
  expect(schemaProblems(manifest)).toEqual([]);
});

test('a misspelt key, a wrong type and a missing name are found', () => {
  const base = ofKind('NetworkPolicy')[0]!;
  const spoilt = (spec: object): Manifest => ({ ...base, spec: { ...base.spec, ...spec } }) as Manifest;
  expect(schemaProblems(spoilt({ policyType: ['Egress'] }))).toEqual(['/spec/policyType is unknown']);
  expect(schemaProblems(spoilt({ ingress: 'all' }))).toEqual([expect.stringContaining('/spec/ingress type')]);
  const nameless = {
    ...ofKind('Deployment')[0]!,
    spec: { template: { spec: { containers: [{ image: 'x' }] } } },
  };
  expect(schemaProblems(nameless as unknown as Manifest).join()).toContain('"missingProperty":"name"');
});

test('kustomize, where there is one, makes all of it', () => {
  let made: string;
  try {
    execFileSync('kubectl', ['kustomize', '--help'], { stdio: 'ignore' });
    made = execFileSync('kubectl', ['kustomize', FOLDER], { encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const kinds = parseAllDocuments(made).map((document) => document.get('kind'));
  expect(kinds.sort()).toEqual(manifests.map(({ kind }) => kind).sort());
});

interface Peer {
  podSelector?: { matchLabels?: Record<string, string>; matchExpressions?: { values: string[] }[] };
  namespaceSelector?: { matchLabels: Record<string, string> };
  ipBlock?: { cidr: string; except: string[] };
}
interface Rule {
  from?: Peer[];
  to?: Peer[];
  ports?: { port: number }[];
}
interface Policy {
  podSelector: NonNullable<Peer['podSelector']>;
  policyTypes: string[];
  ingress?: Rule[];
  egress?: Rule[];
}
const policies = ofKind('NetworkPolicy').map(({ spec }) => spec as unknown as Policy);
const selects = (selector: NonNullable<Peer['podSelector']>, app: string) =>
  selector.matchLabels
    ? selector.matchLabels.app === app
    : (selector.matchExpressions?.every(({ values }) => values.includes(app)) ?? true);
const apps = [...workloads.values()].map(({ metadata }) => metadata.labels.app!);
const inCluster = ({ podSelector, namespaceSelector }: Peer) => podSelector && !namespaceSelector;

/** Whether the policies together let one pod speak with another on a port: both ends must allow it. */
function mayReach(from: string, to: string, port: number): boolean {
  const leaves = policies.some(
    ({ podSelector, egress }) =>
      selects(podSelector, from) &&
      egress?.some(
        (rule) =>
          rule.to!.some((peer) => inCluster(peer) && selects(peer.podSelector!, to)) &&
          rule.ports!.some((each) => each.port === port),
      ),
  );
  const enters = policies.some(
    ({ podSelector, ingress }) =>
      selects(podSelector, to) &&
      ingress?.some(
        (rule) =>
          rule.from!.some((peer) => inCluster(peer) && selects(peer.podSelector!, from)) &&
          rule.ports!.some((each) => each.port === port),
      ),
  );
  return leaves && enters;
}
const whoReaches = (to: string, port: number) => apps.filter((from) => mayReach(from, to, port)).sort();

test('nothing speaks with anything unless a policy says so', () => {
  const everything = policies.find(
    ({ podSelector, ingress, egress }) => Object.keys(podSelector).length === 0 && !ingress && !egress,
  );
  expect(everything?.policyTypes).toEqual(['Ingress', 'Egress']);
  for (const { ingress = [], egress = [] } of policies)
    for (const rule of [...ingress, ...egress]) {
      // A rule without peers or ports allows all of them.
      expect((rule.from ?? rule.to)?.length).toBeGreaterThan(0);
      expect(rule.ports?.length).toBeGreaterThan(0);
    }
});

test('the database is reached by api, control, temporal and the migrations, and by nobody else', () => {
  expect(whoReaches('postgres', 5432)).toEqual(['api', 'control', 'migrate', 'temporal']);
});

test('who speaks with whom is this table and no more', () => {
  const ports = [22, 53, 80, 443, 5432, 7233, 7443, 7444, 7445, 8080, 8081];
  const table = Object.fromEntries(
    apps.map((to) => [to, ports.flatMap((port) => whoReaches(to, port).map((from) => `${from}:${port}`))]),
  );
  expect(table).toEqual({
    postgres: ['api:5432', 'control:5432', 'migrate:5432', 'temporal:5432'],
    temporal: ['api', 'control', 'runner', 'sandbox', 'search-attributes', 'temporal-ui'].map(
      (from) => `${from}:7233`,
    ),
    sandbox: ['runner:7443'],
    control: ['sandbox:7444', 'runner:7445', 'sandbox:7445'],
    runner: [],
    api: ['codec:8080'],
    codec: [],
    migrate: [],
    'temporal-ui': [],
    'search-attributes': [],
  });
});

test('out of the cluster go the runner, to public addresses by HTTPS, and nobody else', () => {
  const outward = policies.flatMap(({ podSelector, egress = [] }) =>
    egress.flatMap(({ to = [], ports }) =>
      to.flatMap(({ ipBlock }) =>
        ipBlock ? [{ podSelector, ipBlock, ports: ports!.map(({ port }) => port) }] : [],
      ),
    ),
  );
  expect(outward).toEqual([
    { podSelector: { matchLabels: { app: 'runner' } }, ipBlock: expect.anything(), ports: [443] },
  ]);
  expect(outward[0]!.ipBlock.except).toEqual(
    expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16']),
  );
});

test('each workload has an account of its own, and none a token', () => {
  for (const [name, { spec }] of workloads) {
    const account = ofKind('ServiceAccount').find(
      ({ metadata }) => metadata.name === spec.serviceAccountName,
    );
    expect([name, account?.automountServiceAccountToken, spec.automountServiceAccountToken]).toEqual([
      name,
      false,
      false,
    ]);
  }
  const used = OURS.map((name) => podOf(name).serviceAccountName);
  expect(used).toEqual(OURS);
});

test('pods run without root, capabilities and escalation, within limits', () => {
  for (const [name, { spec }] of workloads) {
    expect([name, spec.securityContext?.runAsNonRoot]).toEqual([name, true]);
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      expect([name, container.securityContext]).toEqual([
        name,
        expect.objectContaining({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }),
      ]);
      expect([name, container.resources]).toEqual([
        name,
        {
          requests: { cpu: expect.any(String), memory: expect.any(String) },
          limits: expect.objectContaining({ memory: expect.any(String) }),
        },
      ]);
    }
  }
  for (const name of OURS)
    expect(podOf(name).containers[0]!.securityContext?.readOnlyRootFilesystem).toBe(true);
});

test('the sandbox alone goes without the runtime’s profiles, in a user namespace of its own', () => {
  const unconfined = [...workloads].filter(
    ([, { spec }]) => JSON.stringify(spec.securityContext?.seccompProfile) !== '{"type":"RuntimeDefault"}',
  );
  expect(unconfined.map(([name]) => name)).toEqual(['sandbox']);
  expect(podOf('sandbox').hostUsers).toBe(false);
});

test('secrets come by reference, each to its own process', () => {
  const holders = (secret: string) =>
    [...workloads.keys()].filter((name) => secretsOf(name).includes(secret)).sort();
  expect(holders('gatehouse-database')).toEqual(['migrate']);
  expect(holders('gatehouse-runtime-database')).toEqual(['api', 'control']);
  expect(holders('temporal-database')).toEqual(['temporal']);
  expect(holders('postgres-passwords')).toEqual(['postgres']);
  expect(holders('model-keys')).toEqual(['runner']);
  expect(holders('broker')).toEqual(['control']);
  for (const name of ['control', 'runner', 'sandbox']) expect(holders(`${name}-tls`)).toEqual([name]);
  for (const name of ['control', 'runner', 'sandbox', 'api', 'codec'])
    expect(holders(`${name}-keys`)).toEqual([name]);
  expect(secretsOf('codec')).toEqual(['codec-keys']);
  expect(ofKind('Secret')).toEqual([]);
});

test('each process is given an environment that its configuration accepts, and its own entry point', () => {
  for (const name of ['api', 'codec', 'control', 'runner', 'sandbox']) {
    const [, entry] = podOf(name).containers[0]!.args!;
    expect(entry).toBe(name === 'api' ? 'src/api/main.ts' : `src/workers/${name}.ts`);
    expect(existsSync(path.join(FOLDER, '../..', entry!))).toBe(true);
  }
  expect(controlConfig(environmentOf('control'))).toMatchObject({ GATEHOUSE_CHANNEL: 'on' });
  const { address } = brokerAt(sandboxConfig(environmentOf('sandbox')))!;
  const [service] = ofKind('Service').filter(({ metadata }) => metadata.name === 'broker');
  expect(address).toEqual({ kind: 'tcp', isTls: true, host: 'broker', port: 7444 });
  expect(service?.spec).toMatchObject({ selector: { app: 'control' }, ports: [{ port: 7444 }] });
  expect(apiConfig(environmentOf('api'))).toMatchObject({ GATEHOUSE_API_PORT: 8_080 });
  expect(codecConfig(environmentOf('codec'))).toMatchObject({ GATEHOUSE_CODEC_PORT: 8_081 });
  expect(runnerConfig(environmentOf('runner'))).toMatchObject({ TEMPORAL_ADDRESS: 'temporal:7233' });
  expect(sandboxConfig(environmentOf('sandbox'))).toMatchObject({ GATEHOUSE_HOST: 'sandbox-0' });
});

test('artifacts lie with control and API; runner and sandbox find them by a name of control’s, and mount none', () => {
  const mounts = [...workloads].filter(([, { spec }]) =>
    spec.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === 'artifacts'),
  );
  expect(mounts.map(([name]) => name).sort()).toEqual(['api', 'control']);
  const [service] = ofKind('Service').filter(({ metadata }) => metadata.name === 'artifacts');
  expect(service?.spec).toMatchObject({ selector: { app: 'control' }, ports: [{ port: 7445 }] });
  for (const config of [runnerConfig(environmentOf('runner')), sandboxConfig(environmentOf('sandbox'))])
    expect(artifactsAt(config)).toEqual({
      address: { kind: 'tcp', isTls: true, host: 'artifacts', port: 7445 },
      tls: { certificate: '/tls/tls.crt', key: '/tls/tls.key', authority: '/tls/ca.crt' },
    });
});

test('the codec server is a path of the console’s host, asks the API by its name, and the Temporal UI knows it', () => {
  const codec = codecConfig(environmentOf('codec'));
  const api = apiConfig(environmentOf('api'));
  expect(codec.GATEHOUSE_PUBLIC_URL).toBe(api.GATEHOUSE_PUBLIC_URL);
  expect(new URL(codec.GATEHOUSE_CODEC_URL!).host).toBe(new URL(codec.GATEHOUSE_PUBLIC_URL).host);
  expect(codec.GATEHOUSE_TEMPORAL_UI).toBe(api.GATEHOUSE_TEMPORAL_UI);
  const [service] = ofKind('Service').filter(
    ({ metadata }) => metadata.name === new URL(codec.GATEHOUSE_CODEC_API).hostname,
  );
  expect(service?.spec).toMatchObject({ selector: { app: 'api' }, ports: [{ port: 80 }] });
  expect(api.GATEHOUSE_ALLOWED_HOSTS).toContain(service!.metadata.name);
  expect(environmentOf('temporal-ui')).toMatchObject({
    TEMPORAL_CODEC_ENDPOINT: codec.GATEHOUSE_CODEC_URL,
    TEMPORAL_CODEC_INCLUDE_CREDENTIALS: 'true',
  });
});

test.each([
  ['runner', runnerConfig],
  ['sandbox', sandboxConfig],
  ['codec', codecConfig],
])('the %s refuses to start with the address of the database', (name, config) => {
  expect(() => config({ ...environmentOf(name), DATABASE_URL: 'postgresql://x' })).toThrow('must not be set');
});

test('every process is looked after by probes', () => {
  for (const name of ['control', 'runner', 'sandbox', 'api', 'codec', 'postgres', 'temporal'])
    expect([name, podOf(name).containers[0]]).toEqual([
      name,
      expect.objectContaining({ livenessProbe: expect.anything(), readinessProbe: expect.anything() }),
    ]);
});

test('volumes that are mounted exist', () => {
  for (const [name, { spec }] of workloads) {
    const own = ofKind('StatefulSet').find(({ metadata }) => metadata.name === name)?.spec
      ?.volumeClaimTemplates;
    const known = [
      ...(spec.volumes ?? []).map((volume) => volume.name),
      ...((own ?? []) as Manifest[]).map(({ metadata }) => metadata.name),
    ];
    for (const { volumeMounts = [] } of [...(spec.initContainers ?? []), ...spec.containers])
      expect([name, known]).toEqual([name, expect.arrayContaining(volumeMounts.map((mount) => mount.name))]);
    for (const { persistentVolumeClaim } of spec.volumes ?? [])
      if (persistentVolumeClaim)
        expect(ofKind('PersistentVolumeClaim').map(({ metadata }) => metadata.name)).toContain(
          persistentVolumeClaim.claimName,
        );
  }
});

test('what both deployments need is the same in both', () => {
  const copy = (name: string, file: string) =>
    ofKind('ConfigMap').find(({ metadata }) => metadata.name === name)?.data?.[file];
  const original = (file: string) => readFileSync(path.join(FOLDER, '..', file), 'utf8');
  expect(copy('postgres-roles', 'roles.sh')).toBe(original('postgres/roles.sh'));
  expect(copy('temporal-dynamic-config', 'gatehouse.yaml')).toBe(original('temporal/dynamic-config.yaml'));
  const [container] = podOf('search-attributes').containers;
  for (const [name, type] of Object.entries(searchAttributeTypes))
    expect(container!.args!.join(' ')).toContain(`--name=${name} --type=${type}`);
});
