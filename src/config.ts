/** The only reader of `process.env`: one schema per process, so that each gets what its plane may hold and no more. */
import { z } from 'zod';
import { WAIT_FOR_PEOPLE_MS } from './domain/approval';
import { GatehouseError } from './domain/errors';

const path = z.string().min(1);
const temporal = {
  TEMPORAL_ADDRESS: z.string().min(1),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
};
/** A folder, or `s3://bucket/prefix` with what S3 needs. */
const artifacts = {
  GATEHOUSE_ARTIFACTS: path,
  /** Of a server that is not Amazon's. */
  GATEHOUSE_S3_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  GATEHOUSE_S3_REGION: z.string().min(1).default('us-east-1'),
  GATEHOUSE_S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  GATEHOUSE_S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
};
/** Where runner and sandbox reach artifacts: `unix:/path`, `https://host:port`, or `http://127.0.0.1:port`; PEM files for `https`. */
const artifactEndpoint = {
  GATEHOUSE_ARTIFACT_ENDPOINT: z.string().min(1),
  GATEHOUSE_ARTIFACT_TLS_CERT: path.optional(),
  GATEHOUSE_ARTIFACT_TLS_KEY: path.optional(),
  GATEHOUSE_ARTIFACT_TLS_CA: path.optional(),
};
const observed = {
  /** Touched while the worker polls, for a probe. */
  GATEHOUSE_ALIVE_FILE: path.optional(),
  /** Where Prometheus finds what the Temporal SDK counts, at `/metrics`. */
  GATEHOUSE_METRICS_LISTEN: z
    .string()
    .regex(
      /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\]):\d{1,5}$/i,
      'must be `address:port`, the address in numbers',
    )
    .optional(),
};
/** The keys that encrypt what goes into Temporal's histories; without them nothing is encrypted. */
const encryption = { GATEHOUSE_PAYLOAD_KEYS: path.optional() };
const logging = { GATEHOUSE_LOG: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info') };

/** Certificate, its key and the authority of the channel between machines. */
const channelTls = {
  GATEHOUSE_CHANNEL_CERTIFICATE: path.optional(),
  GATEHOUSE_CHANNEL_PRIVATE_KEY: path.optional(),
  GATEHOUSE_CHANNEL_AUTHORITY: path.optional(),
};

/** `host=/path/to/channel.sock` or `host=https://name:port`, several separated by commas. */
const channels = z
  .string()
  .default('')
  .transform((text, context) => {
    const byHost = new Map<string, string>();
    for (const part of text.split(',').filter(Boolean)) {
      const [host, socket] = part.split('=');
      if (!host || !socket || !(socket.startsWith('/') || isTlsAddress(socket))) {
        context.addIssue({
          code: 'custom',
          message: 'must be `host=/path/to.sock` or `host=https://name:port`, several separated by commas',
        });
        return z.NEVER;
      }
      byHost.set(host, socket);
    }
    return byHost;
  });

function isTlsAddress(text: string): boolean {
  return URL.canParse(text) && /^https:\/\/[^/@]+$/.test(text);
}

const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').filter(Boolean));

/** `unix:/path`, `https://host:port`, or `http://127.0.0.1:port`; PEM files for `https`. Without it there is no broker. */
const broker = {
  GATEHOUSE_BROKER: z.string().min(1).optional(),
  GATEHOUSE_BROKER_TLS_CERT: path.optional(),
  GATEHOUSE_BROKER_TLS_KEY: path.optional(),
  GATEHOUSE_BROKER_TLS_CA: path.optional(),
};

const publicUrl = z.url({ protocol: /^https?$/, error: 'must be an `http` or `https` address' });

const notifications = {
  /** Where people open the console: notifications link to it. */
  GATEHOUSE_PUBLIC_URL: publicUrl.optional(),
  /** `host` or `host:port`, several separated by commas: webhooks that may be private, and spoken to without TLS. */
  GATEHOUSE_PRIVATE_WEBHOOKS: list,
};

const waitForPeople = z.coerce.number('must be a number').int().positive();
const sandboxLimits = {
  GATEHOUSE_SANDBOX_MEMORY_MIB: z.coerce.number('must be a number').int().min(64),
  GATEHOUSE_SANDBOX_PROCESSES: z.coerce.number('must be a number').int().min(16),
  GATEHOUSE_SANDBOX_FILE_MIB: z.coerce.number('must be a number').int().min(1),
};

/** What `up` hands to another process as it is: refused here already, before servers start for it. */
const handed = (schema: z.ZodType) =>
  z
    .string()
    .optional()
    .superRefine((text, context) => {
      const parsed = text === undefined ? null : schema.safeParse(text);
      for (const issue of parsed?.error?.issues ?? [])
        context.addIssue({ code: 'custom', message: wrongWith(issue) });
    });

/** INVARIANT: no plane but control may even know where the database is. */
const noDatabase = {
  DATABASE_URL: z
    .undefined({ message: 'must not be set: this process has no business with the database' })
    .optional(),
};

/** INVARIANT: runner and sandbox reach artifacts by their runs, and may not even know where the store is. */
const noArtifactStore = Object.fromEntries(
  Object.keys(artifacts).map((name) => [
    name,
    z
      .undefined({
        message:
          'must not be set: this process reaches artifacts by `GATEHOUSE_ARTIFACT_ENDPOINT` alone, as its runs allow',
      })
      .optional(),
  ]),
) as Record<keyof typeof artifacts, z.ZodOptional<z.ZodUndefined>>;

const controlEnv = z.object({
  ...temporal,
  ...encryption,
  ...observed,
  ...logging,
  DATABASE_URL: z.string().min(1),
  ...artifacts,
  ...artifactEndpoint,
  /** What the artifacts of one run may take. */
  GATEHOUSE_ARTIFACT_QUOTA_MIB: z.coerce.number().int().min(1).default(2_048),
  GATEHOUSE_GRANT_KEY: path,
  /** Signs the anchors of the audit. */
  GATEHOUSE_AUDIT_KEY: path,
  /** How often the audit chains of open runs are anchored, in milliseconds. */
  GATEHOUSE_ANCHOR_EVERY_MS: z.coerce.number('must be a number').int().min(1_000).default(30_000),
  /** Public keys of those who may present grants. */
  GATEHOUSE_RUNNER_PUBLIC_KEY: path,
  GATEHOUSE_SANDBOX_PUBLIC_KEYS: list,
  /** Public keys of the API, which vouches for whom it has authenticated. */
  GATEHOUSE_API_PUBLIC_KEYS: list,
  GATEHOUSE_CHANNEL: z.enum(['on', 'off']).default('on'),
  ...broker,
  /** What the broker offers; without it nothing. */
  GATEHOUSE_BROKER_CONFIG: path.optional(),
  /** How long people have, in milliseconds. */
  GATEHOUSE_WAIT_FOR_PEOPLE_MS: waitForPeople.default(WAIT_FOR_PEOPLE_MS),
  ...notifications,
});

const runnerEnv = z.object({
  ...temporal,
  ...encryption,
  ...observed,
  ...logging,
  ...noDatabase,
  ...noArtifactStore,
  ...artifactEndpoint,
  GATEHOUSE_RUNNER_KEY: path,
  GATEHOUSE_CHANNELS: channels,
  ...channelTls,
  ANTHROPIC_API_KEY: z.string().optional(),
  ANTHROPIC_BASE_URL: z.string().optional(),
  OPENAI_COMPATIBLE_API_KEY: z.string().optional(),
  OPENAI_COMPATIBLE_BASE_URL: z.string().optional(),
});

const sandboxEnv = z.object({
  ...temporal,
  ...encryption,
  ...observed,
  ...logging,
  ...noDatabase,
  ...noArtifactStore,
  ...artifactEndpoint,
  GATEHOUSE_HOST: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/i, 'must be a short host name'),
  GATEHOUSE_SANDBOX_KEY: path,
  GATEHOUSE_GRANT_PUBLIC_KEYS: list,
  GATEHOUSE_RUNNER_PUBLIC_KEY: path,
  GATEHOUSE_WORKSPACES: path,
  GATEHOUSE_FORGE: path,
  /** Where the channel listens; without it reads come as activities. */
  GATEHOUSE_CHANNEL_SOCKET: path.optional(),
  /** How long calls that run may go on when the worker is asked to stop, in milliseconds. */
  GATEHOUSE_DRAIN_MS: z.coerce
    .number('must be a number')
    .int()
    .min(0)
    .max(25 * 60 * 60 * 1_000)
    .default(5_000),
  /** Of one command with all it starts. */
  GATEHOUSE_SANDBOX_MEMORY_MIB: sandboxLimits.GATEHOUSE_SANDBOX_MEMORY_MIB.default(4_096),
  GATEHOUSE_SANDBOX_PROCESSES: sandboxLimits.GATEHOUSE_SANDBOX_PROCESSES.default(512),
  GATEHOUSE_SANDBOX_FILE_MIB: sandboxLimits.GATEHOUSE_SANDBOX_FILE_MIB.default(1_024),
  /** Where it listens for runners of other machines, `address:port`. */
  GATEHOUSE_CHANNEL_LISTEN: z
    .string()
    .regex(/^(?:[\w.-]+|\[[0-9a-f:]+\]):\d{1,5}$/i, 'must be `address:port`')
    .optional(),
  ...channelTls,
  ...broker,
});

const codecEnv = z.object({
  ...logging,
  ...noDatabase,
  GATEHOUSE_PAYLOAD_KEYS: path,
  GATEHOUSE_CODEC_HOST: z.string().min(1).default('127.0.0.1'),
  GATEHOUSE_CODEC_PORT: z.coerce.number('must be a number').int().min(1).max(65_535).default(8_081),
  /** How people reach it, where that is not the port on the loopback; a path in it is the server's. */
  GATEHOUSE_CODEC_URL: publicUrl.optional(),
  /** Where the API listens, which says who may read. */
  GATEHOUSE_CODEC_API: publicUrl,
  /** How people reach the console: its login counts here. */
  GATEHOUSE_PUBLIC_URL: publicUrl,
  /** Where the Temporal UI is: the one place whose pages may ask. */
  GATEHOUSE_TEMPORAL_UI: z.url().optional(),
});
const apiEnv = z
  .object({
    ...temporal,
    ...encryption,
    ...logging,
    DATABASE_URL: z.string().min(1),
    ...artifacts,
    /** Private key that vouches for whoever the API authenticated. */
    GATEHOUSE_API_KEY: path,
    GATEHOUSE_API_HOST: z.string().min(1).default('127.0.0.1'),
    /** 0 for any that is free. */
    GATEHOUSE_API_PORT: z.coerce.number('must be a number').int().min(0).max(65_535).default(8_080),
    /** How people and services reach it, where that is not the address it listens on. */
    GATEHOUSE_PUBLIC_URL: publicUrl.optional(),
    /** Other names it may be asked for by; those of loopback always count. */
    GATEHOUSE_ALLOWED_HOSTS: list,
    /** As control's: what it would refuse to send to is not added either. */
    GATEHOUSE_PRIVATE_WEBHOOKS: list,
    /** Whether runs may name folders of this machine: only where who calls is who owns it. */
    GATEHOUSE_LOCAL_REPOSITORIES: z.enum(['on', 'off']).default('off'),
    GATEHOUSE_OIDC_ISSUER: z.url({ protocol: /^https?$/ }).optional(),
    GATEHOUSE_OIDC_AUDIENCE: z.string().min(1).optional(),
    GATEHOUSE_OIDC_ORGANIZATION_CLAIM: z.string().min(1).default('organization'),
    GATEHOUSE_OIDC_ROLES_CLAIM: z.string().min(1).default('roles'),
    GATEHOUSE_OIDC_PERSON_CLAIM: z.string().min(1).default('sub'),
    GATEHOUSE_OIDC_ALGORITHMS: z
      .string()
      .default('RS256,PS256,ES256,EdDSA')
      .transform((text) => text.split(','))
      .pipe(
        z.array(
          z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']),
        ),
      ),
    /** The console's own client at the provider, for logging in with a browser. */
    GATEHOUSE_OIDC_CLIENT_ID: z.string().min(1).optional(),
    GATEHOUSE_OIDC_CLIENT_SECRET: z.string().min(1).optional(),
    /** Where operators see workflows: the console links to it. */
    GATEHOUSE_TEMPORAL_UI: z.url({ protocol: /^https?$/ }).optional(),
    GATEHOUSE_OIDC_CLOCK_TOLERANCE_S: z.coerce.number('must be a number').int().min(0).max(300).default(30),
  })
  .refine(
    (given) => (given.GATEHOUSE_OIDC_ISSUER === undefined) === (given.GATEHOUSE_OIDC_AUDIENCE === undefined),
    { path: ['GATEHOUSE_OIDC_AUDIENCE'], message: 'and `GATEHOUSE_OIDC_ISSUER` need each other' },
  );

const cliEnv = z.object({
  /** Where `up` keeps its data. */
  GATEHOUSE_DATA: path.default('.gatehouse'),
  TEMPORAL_ADDRESS: z.string().min(1).optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  DATABASE_URL: z.string().min(1).optional(),
  ...encryption,
  ...logging,
  /** Handed to control by `up`; see there. Webhooks to the API as well, and read when one is added. */
  GATEHOUSE_WAIT_FOR_PEOPLE_MS: handed(waitForPeople),
  GATEHOUSE_PUBLIC_URL: handed(publicUrl),
  GATEHOUSE_PRIVATE_WEBHOOKS: z.string().optional(),
  /** Handed to the sandbox by `up`; see there. */
  GATEHOUSE_SANDBOX_MEMORY_MIB: handed(sandboxLimits.GATEHOUSE_SANDBOX_MEMORY_MIB),
  GATEHOUSE_SANDBOX_PROCESSES: handed(sandboxLimits.GATEHOUSE_SANDBOX_PROCESSES),
  GATEHOUSE_SANDBOX_FILE_MIB: handed(sandboxLimits.GATEHOUSE_SANDBOX_FILE_MIB),
  CI: z.string().optional(),
  NO_COLOR: z.string().optional(),
  /** The model keys that `up` hands to the runner, and to nobody else. */
  ANTHROPIC_API_KEY: z.string().optional(),
  ANTHROPIC_BASE_URL: z.string().optional(),
  OPENAI_COMPATIBLE_API_KEY: z.string().optional(),
  OPENAI_COMPATIBLE_BASE_URL: z.string().optional(),
  USER: z.string().optional(),
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
  HOME: z.string().optional(),
  /** The file of the key that a person signs with. */
  GATEHOUSE_KEY: path.optional(),
  XDG_CONFIG_HOME: z.string().optional(),
  EDITOR: z.string().default('vi'),
  XDG_CACHE_HOME: z.string().optional(),
});

/** Every variable that some process of ours reads. */
export const variables: readonly string[] = [
  ...new Set(
    [controlEnv, runnerEnv, sandboxEnv, codecEnv, apiEnv, cliEnv].flatMap((schema) =>
      Object.keys(schema.shape),
    ),
  ),
];

export type ControlConfig = z.infer<typeof controlEnv>;
export type RunnerConfig = z.infer<typeof runnerEnv>;
export type SandboxConfig = z.infer<typeof sandboxEnv>;
export type CodecConfig = z.infer<typeof codecEnv>;
export type ApiConfig = z.infer<typeof apiEnv>;
export type CliConfig = z.infer<typeof cliEnv>;

export const controlConfig = (env = process.env): ControlConfig => read(controlEnv, env);
export const runnerConfig = (env = process.env): RunnerConfig => read(runnerEnv, env);
export const sandboxConfig = (env = process.env): SandboxConfig => read(sandboxEnv, env);
export const codecConfig = (env = process.env): CodecConfig => read(codecEnv, env);
export const apiConfig = (env = process.env): ApiConfig => read(apiEnv, env);
export const cliConfig = (env = process.env): CliConfig => read(cliEnv, env);

const HOST_VARIABLES =
  /^(PATH|HOME|TMPDIR|XDG_CACHE_HOME|XDG_RUNTIME_DIR|GO[A-Z]+|(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy|SSL_CERT_(FILE|DIR))$/;

/** What the embedded stack may see of the user's shell: where programs, caches, Go and the way out are. */
export function hostEnvironment(env = process.env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(
      (entry): entry is [string, string] => HOST_VARIABLES.test(entry[0]) && entry[1] !== undefined,
    ),
  );
}

/** @throws GatehouseError `config-invalid`, naming each variable and never its value */
function read<Schema extends z.ZodType>(schema: Schema, env: NodeJS.ProcessEnv): z.infer<Schema> {
  const parsed = schema.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const name = issue.path.join('.');
    if (env[name] === undefined) return `\`${name}\` is not set`;
    return `\`${name}\` ${env[name] === '' ? 'is empty' : wrongWith(issue)}`;
  });
  throw new GatehouseError('config-invalid', `the environment is not as needed: ${problems.join('; ')}`);
}

/** In our words where zod's would begin a sentence of their own. */
function wrongWith(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `must be one of ${issue.values.map((value) => `\`${String(value)}\``).join(', ')}`;
    case 'too_small':
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
    case 'invalid_type':
      return issue.expected === 'int' ? 'must be a whole number' : issue.message;
    default:
      return issue.message;
  }
}
