/**
 * Measures what judging content costs a gate that has read nothing yet: `npm run bench:content [-- --files 50,150,300]`.
 *
 * Each repository is judged in a process of its own, since what was parsed once is kept; as it is, and with the parser got
 * ready as `dispatch` does. Exit code 1 when a gate of a dispatched run would not fit the limit of its local activity.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { sha256 } from '../src/domain/hashing';
import { createContentLoader } from '../src/policy/content/content-loader';
import { warmParserFor } from '../src/policy/content/warm-parser';

/** What the local activity has, and what of it is left to the database and the rules. */
const LIMIT_MS = 2_000;
const RESERVED_MS = 500;

/** What a run is dispatched with where rules judge content: then the parser is got ready. */
const CONTENT_RULES = {
  id: 'bench',
  rules: [
    {
      policyId: 'bench',
      policy: 'bench',
      version: 1,
      source: 'forbid (principal, action, resource is ContentResource) when { resource.type == "none" };',
    },
  ],
};

interface Measured {
  coldMs: number;
  cpuMs: number;
  warmMs: number;
}

async function measure(files: number, isPrepared: boolean): Promise<Measured> {
  const kept = new Map<string, string>();
  const put = (text: string): string => {
    const hash = sha256(text);
    kept.set(hash, text);
    return hash;
  };
  const tree = Array.from({ length: files }, (_, index) => {
    const path = `modules/m${Math.floor(index / 5)}/file-${index}.tf`;
    return { path, artifact: put(terraform(index)) };
  });
  const list = put(JSON.stringify(tree));
  const loader = createContentLoader({
    ownership: { require: async () => undefined },
    artifacts: {
      put: async (text) => put(String(text)),
      get: async (hash) => Buffer.from(kept.get(hash) ?? ''),
    },
  });
  const workspace = {
    host: 'bench',
    keyThumbprint: '',
    tree: 'tree',
    head: 'head',
    content: put(JSON.stringify({ base: list, tree: list, head: list })),
  };
  const load = async (index: number) => {
    const content = terraform(index).replace('"eu-west-1"', '"eu-central-1"');
    const startedAt = performance.now();
    const facts = await loader.load(
      [{ id: 'call', tool: 'write-file', args: { path: tree[index]!.path, content } }],
      workspace as Parameters<typeof loader.load>[1],
      'bench',
    );
    const found = facts.get('call');
    if (found?.kind !== 'loaded') throw new Error(found?.problem ?? 'no facts');
    return { ms: performance.now() - startedAt };
  };
  if (isPrepared) await warmParserFor(CONTENT_RULES);
  const before = process.cpuUsage();
  const cold = await load(0);
  const { user, system } = process.cpuUsage(before);
  const warm = await load(1);
  return { coldMs: cold.ms, cpuMs: (user + system) / 1_000, warmMs: warm.ms };
}

/** A file as modules have them: some 50 lines. */
function terraform(index: number): string {
  const bucket = `bucket_${index}`;
  return `variable "region_${index}" {
  type    = string
  default = "eu-west-1"
}

locals {
  tags_${index} = {
    Environment = "staging"
    Service     = "service-${index}"
    Owner       = "platform"
    CostCenter  = "cc-${index}"
    ManagedBy   = "terraform"
  }
}

resource "aws_s3_bucket" "${bucket}" {
  bucket = "staging-service-${index}-data"
  tags   = merge(local.tags_${index}, { Region = var.region_${index} })
}

resource "aws_s3_bucket_server_side_encryption_configuration" "${bucket}" {
  bucket = aws_s3_bucket.${bucket}.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = "alias/infra-key"
    }
  }
}

resource "aws_db_instance" "db_${index}" {
  identifier        = "staging-service-${index}-rds"
  engine            = "postgres"
  instance_class    = "db.t3.micro"
  allocated_storage = 20
  storage_encrypted = true
  tags              = local.tags_${index}
}

output "bucket_${index}" {
  value = aws_s3_bucket.${bucket}.arn
}
`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      files: { type: 'string', default: '50,150,300,1000' },
      one: { type: 'string' },
      prepared: { type: 'boolean', default: false },
    },
  });
  if (values.one !== undefined) {
    console.log(JSON.stringify(await measure(Number(values.one), values.prepared)));
    return 0;
  }
  let isFitting = true;
  for (const files of values.files.split(',').map(Number)) {
    const inItsOwn = (...more: string[]): Measured =>
      JSON.parse(
        execFileSync(process.execPath, [...process.execArgv, __filename, '--one', String(files), ...more], {
          encoding: 'utf8',
        }),
      );
    const [unprepared, prepared] = [inItsOwn(), inItsOwn('--prepared')];
    const fits = prepared.coldMs <= LIMIT_MS - RESERVED_MS;
    isFitting &&= fits;
    console.log(
      `${String(files).padStart(5)} files: first ${shown(unprepared)}, in a dispatched run ${shown(prepared)}, then ${prepared.warmMs.toFixed(0)} ms${fits ? '' : '   MISSED'}`,
    );
  }
  console.log(
    `bench:content: a first gate ${isFitting ? 'fits' : 'does not fit'} ${LIMIT_MS - RESERVED_MS} ms`,
  );
  return isFitting ? 0 : 1;
}

/** The processor's time beside the clock's: on a busy machine the clock measures the others too. */
function shown({ coldMs, cpuMs }: Measured): string {
  return `${coldMs.toFixed(0)} ms (${cpuMs.toFixed(0)} of the processor)`;
}

main().then((code) => {
  process.exitCode = code;
});
