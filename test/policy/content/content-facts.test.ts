import {
  changedContent,
  type DeclaredContent,
  declaredContent,
} from '../../../src/policy/content/content-facts';

/** What files declare, each given as `[path, text]`. */
function declared(files: Record<string, string>, isWhole = true): Promise<DeclaredContent> {
  return declaredContent(
    Object.entries(files).map(([path, text]) => ({ path, text })),
    { isWhole },
  );
}

async function resource(files: Record<string, string>, address: string, isWhole = true) {
  const { resources, problems } = await declared(files, isWhole);
  expect([...problems]).toEqual([]);
  const found = resources.find((each) => each.address === address);
  if (!found) throw new Error(`no ${address} among ${resources.map((each) => each.address).join(', ')}`);
  return found;
}

const attributes = async (body: string, more: Record<string, string> = {}) =>
  (
    await resource(
      { 'main.tf': `resource "aws_instance" "web" {\n${body}\n}\n`, ...more },
      'aws_instance.web',
    )
  ).attributes;

describe('attributes', () => {
  test('are text by their path, with the place of the block', async () => {
    const text =
      '# a bucket\nresource "aws_s3_bucket" "logs" {\n  bucket = "prod-web-s3"\n  force_destroy = false\n}\n';
    expect(await resource({ 'a/main.tf': text }, 'aws_s3_bucket.logs')).toEqual({
      language: 'terraform',
      type: 'aws_s3_bucket',
      name: 'logs',
      address: 'aws_s3_bucket.logs',
      file: 'a/main.tf',
      line: 2,
      attributes: {
        bucket: 'prod-web-s3',
        force_destroy: 'false',
        '@name': 'prod-web-s3',
        '@taggable': 'tags',
      },
      referencedBy: [],
    });
  });

  test('true is the same as a value and as text; null is as if it were not there', async () => {
    expect(await attributes('a = true\nb = "true"\nc = null')).toMatchObject({ a: 'true', b: 'true' });
    expect(await attributes('c = null')).not.toHaveProperty('c');
  });

  test('a block that repeats has one value only where all agree', async () => {
    const disk = (line: string) => `ebs_block_device {\n${line}\n}`;
    expect(await attributes([disk('encrypted = true'), disk('encrypted = true')].join('\n'))).toMatchObject({
      ebs_block_device: '2',
      'ebs_block_device.encrypted': 'true',
    });
    expect(await attributes([disk('encrypted = true'), disk('encrypted = false')].join('\n'))).toMatchObject({
      'ebs_block_device.encrypted': 'false | true',
      'ebs_block_device.1.encrypted': 'false',
    });
    expect(await attributes([disk('encrypted = true'), disk('size = 1')].join('\n'))).toMatchObject({
      'ebs_block_device.encrypted': '(unset) | true',
    });
  });

  test('a dynamic block counts as the block it makes', async () => {
    const text =
      'ebs_block_device {\nencrypted = true\n}\ndynamic "ebs_block_device" {\nfor_each = [1]\ncontent {\nencrypted = false\n}\n}';
    expect(await attributes(text)).toMatchObject({ 'ebs_block_device.encrypted': 'false | true' });
  });

  test('lists within lists that would double without end are not judged', async () => {
    const nested = `${'[{a='.repeat(30)}1${'}]'.repeat(30)}`;
    const { problems } = await declared({ 'main.tf': `resource "x_y" "z" {\nlist = ${nested}\n}\n` });
    expect([...problems.keys()]).toEqual(['main.tf']);
  });
});

describe('what is literal is put in its place', () => {
  const locals =
    'locals {\nowner = "team-a"\nenv = "prod"\ntags = {\nOwner = local.owner\nService = "web"\n}\n}\n';

  test.each([
    ['a local', 'tags = local.tags', { 'tags.Owner': 'team-a', 'tags.Service': 'web' }],
    [
      'a merge, the last one counting',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Terraform's
      'tags = merge(local.tags, { Service = "api", Name = "${local.env}-${var.more}, \\"x\\"" })',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Terraform's
      { 'tags.Owner': 'team-a', 'tags.Service': 'api', 'tags.Name': 'prod-${var.more}, "x"' },
    ],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Terraform's
    ['a local within a text', 'ami = "${local.env}-x"', { ami: 'prod-x' }],
    ['one value of a map', 'ami = local.tags.Owner', { ami: 'team-a' }],
    ['one value of a map by its key', 'ami = local.tags["Owner"]', { ami: 'team-a' }],
    ['a default of a variable', 'ami = var.image', { ami: 'ami-1' }],
  ])('%s', async (_name, body, expected) => {
    const variables = 'variable "image" {\ndefault = "ami-1"\n}\n';
    expect(await attributes(body, { 'locals.tf': locals, 'variables.tf': variables })).toMatchObject(
      expected,
    );
  });

  test.each([
    ['a variable without a default', 'x = var.nothing', `$\{var.nothing}`],
    ['a condition', 'x = var.a ? true : false', `$\{var.a ? true : false}`],
    ['a local that leads to itself', 'x = local.a', `$\{local.a}`],
    ['a function', 'x = tobool("true")', `$\{tobool("true")}`],
  ])('%s stays as it is written', async (_name, body, expected) => {
    const more = { 'locals.tf': 'locals {\na = local.b\nb = local.a\n}\n' };
    expect((await attributes(body, more)).x).toBe(expected);
  });

  test('what an unknown part of a merge may replace is computed too', async () => {
    const found = await attributes('tags = merge(local.tags, var.more)', { 'locals.tf': locals });
    expect(found['tags.Owner']).toContain('merge(');
    const after = await attributes('tags = merge(var.more, local.tags)', { 'locals.tf': locals });
    expect(after['tags.Owner']).toBe('team-a');
  });

  test('texts that double with every local end somewhere', async () => {
    const chain = Array.from(
      { length: 40 },
      (_, index) => `l${index + 1} = "$\{local.l${index}}$\{local.l${index}}"`,
    );
    const found = await attributes('x = local.l40', {
      'locals.tf': `locals {\nl0 = "aaaa"\n${chain.join('\n')}\n}\n`,
    });
    expect(found.x?.length).toBeLessThan(20_000);
  });

  const module = {
    'modules/db/main.tf':
      'variable "encrypted" {\ndefault = true\n}\nresource "aws_db_instance" "db" {\nstorage_encrypted = var.encrypted\n}\n',
  };
  const encrypted = async (more: Record<string, string>, isWhole = true) =>
    (await resource({ ...module, ...more }, 'aws_db_instance.db', isWhole)).attributes.storage_encrypted;

  test('a default of a variable is not believed where something else may set it', async () => {
    const call = 'module "db" {\nsource = "../modules/db"\nencrypted = false\n}\n';
    expect(await encrypted({})).toBe('true');
    expect(await encrypted({ 'prod/main.tf': call.replace('encrypted = false\n', '') })).toBe('true');
    expect(await encrypted({ 'prod/main.tf': call })).toBe(`$\{var.encrypted}`);
    expect(await encrypted({ 'prod/prod.tfvars': 'encrypted = false\n' })).toBe(`$\{var.encrypted}`);
    expect(await encrypted({ 'prod/prod.tfvars': 'encrypted = true\n' })).toBe('true');
    expect(await encrypted({}, false)).toBe(`$\{var.encrypted}`);
  });
});

describe('relations', () => {
  const bucket = 'resource "aws_s3_bucket" "logs" {\nbucket = "prod-web-s3"\n}\n';
  const sse = (reference: string, more = '') =>
    `resource "aws_s3_bucket_server_side_encryption_configuration" "x" {\nbucket = ${reference}\n${more}}\n`;
  const referencedBy = async (files: Record<string, string>) =>
    (await resource(files, 'aws_s3_bucket.logs')).referencedBy;

  test.each([
    'aws_s3_bucket.logs.id',
    'aws_s3_bucket.logs.bucket',
    '"prod-web-s3"',
    `"$\{aws_s3_bucket.logs.id}"`,
  ])('bucket = %s names the bucket', async (reference) => {
    expect(await referencedBy({ 'a.tf': bucket, 'b.tf': sse(reference) })).toEqual([
      'aws_s3_bucket_server_side_encryption_configuration',
    ]);
  });

  test.each([
    'aws_s3_bucket.logs2.id',
    '"prod-web-s3-old"',
    '"aws_s3_bucket.logs"',
  ])('bucket = %s does not', async (reference) => {
    expect(await referencedBy({ 'a.tf': bucket, 'b.tf': sse(reference) })).toEqual([]);
  });

  test('to come after something is not to refer to it', async () => {
    const other = sse('"another"', 'depends_on = [aws_s3_bucket.logs]\n');
    expect(await referencedBy({ 'a.tf': bucket, 'b.tf': other })).toEqual([]);
  });

  test('another folder is another configuration', async () => {
    expect(await referencedBy({ 'a.tf': bucket, 'other/b.tf': sse('aws_s3_bucket.logs.id') })).toEqual([]);
  });
});

describe('tags that the provider adds', () => {
  const provider =
    'provider "aws" {\ndefault_tags {\ntags = {\nOwner = "team-a"\nService = "shop"\n}\n}\n}\nprovider "aws" {\nalias = "bare"\n}\n';

  test('are among the tags, the own ones counting', async () => {
    const own = await attributes('tags = { Service = "web" }', { 'providers.tf': provider });
    expect(own).toMatchObject({ 'tags.Owner': 'team-a', 'tags.Service': 'web' });
    expect(await attributes('', { 'providers.tf': provider })).toMatchObject({ 'tags.Owner': 'team-a' });
  });

  test('are not added to what another provider makes, or takes no tags', async () => {
    const other = await attributes('provider = aws.bare', { 'providers.tf': provider });
    expect(other).not.toHaveProperty(['tags.Owner']);
    const policy = 'resource "aws_s3_bucket_policy" "p" {\npolicy = "{}"\n}\n';
    const found = await resource({ 'providers.tf': provider, 'p.tf': policy }, 'aws_s3_bucket_policy.p');
    expect(found.attributes).toEqual({ policy: '{}' });
  });
});

test('Terraform in JSON is judged as the same in its own language', async () => {
  const json = {
    resource: [
      { aws_db_instance: { db: { storage_encrypted: false, identifier: `$\{local.name}` } } },
      { aws_s3_bucket: { logs: [{ bucket: 'prod-web-s3' }] } },
    ],
    locals: { name: 'prod-api-rds' },
  };
  const files = { 'main.tf.json': JSON.stringify(json) };
  expect((await resource(files, 'aws_db_instance.db')).attributes).toMatchObject({
    storage_encrypted: 'false',
    '@name': 'prod-api-rds',
  });
  expect((await resource(files, 'aws_s3_bucket.logs')).attributes['@name']).toBe('prod-web-s3');
});

test('Kubernetes objects are judged, templates of charts are not, and a Secret says nothing', async () => {
  const secret =
    'apiVersion: v1\nkind: Secret\nmetadata: { name: s, namespace: shop }\ndata: { token: aGVsbG8= }\n';
  const found = await resource({ 'k.yaml': secret }, 'shop/secret/s');
  expect(found).toMatchObject({ language: 'kubernetes', type: 'Secret', name: 's' });
  expect(JSON.stringify(found)).not.toContain('aGVsbG8');
  const chart = '{{- if .Values.on }}\nkind: Deployment\n{{- end }}\n';
  expect(await declared({ 'chart/templates/a.yaml': chart })).toEqual({ resources: [], problems: new Map() });
});

describe('what changed', () => {
  const file = (encrypted: boolean, other = '') =>
    `resource "aws_db_instance" "db" {\nstorage_encrypted = ${encrypted}\n}\n${other}`;
  const more = 'resource "aws_s3_bucket" "logs" {\n}\n';
  const addresses = async (before: Record<string, string>, after: Record<string, string>) => {
    const facts = changedContent(await declared(after), await declared(before));
    return facts.kind === 'loaded'
      ? facts.resources.map(({ type, address }) => (type === 'removed' ? `gone: ${address}` : address))
      : facts.problem;
  };

  test('is judged, and what stands beside it is not', async () => {
    expect(await addresses({ 'a.tf': file(false) }, { 'a.tf': file(false, more) })).toEqual([
      'aws_s3_bucket.logs',
    ]);
    expect(await addresses({ 'a.tf': file(true) }, { 'a.tf': file(false) })).toEqual(['aws_db_instance.db']);
  });

  test('has a new name where the thing or its name is new', async () => {
    const bucket = (name: string, more = '') =>
      `resource "aws_s3_bucket" "b" {\nbucket = "${name}"\n${more}}\n`;
    const newName = async (before: Record<string, string>, after: string) => {
      const facts = changedContent(await declared({ 'a.tf': after }), await declared(before));
      return facts.kind === 'loaded'
        ? facts.resources.map(({ attributes }) => attributes['@newName'])
        : facts;
    };
    expect(await newName({}, bucket('one'))).toEqual(['one']);
    expect(await newName({ 'a.tf': bucket('one') }, bucket('two'))).toEqual(['two']);
    expect(await newName({ 'a.tf': bucket('one') }, bucket('one', 'force_destroy = true\n'))).toEqual([
      undefined,
    ]);
  });

  test('is also what is gone, which no longer has to be right', async () => {
    const facts = changedContent(await declared({}), await declared({ 'a.tf': file(false) }));
    expect(facts).toMatchObject({
      kind: 'loaded',
      resources: [
        {
          type: 'removed',
          address: 'aws_db_instance.db',
          attributes: { '@type': 'aws_db_instance', storage_encrypted: 'false' },
        },
      ],
    });
  });

  test('is not what only moved within its folder', async () => {
    expect(await addresses({ 'a.tf': file(false) }, { 'b.tf': `\n\n${file(false)}` })).toEqual([]);
    expect(await addresses({ 'a.tf': file(false) }, { 'b/a.tf': file(false) })).toEqual([
      'aws_db_instance.db',
      'gone: aws_db_instance.db',
    ]);
  });

  test('is also what lost a companion, or a value that it takes from another file', async () => {
    const bucket = 'resource "aws_s3_bucket" "logs" {\ntags = local.tags\n}\n';
    const companion =
      'resource "aws_s3_bucket_server_side_encryption_configuration" "x" {\nbucket = aws_s3_bucket.logs.id\n}\n';
    const locals = 'locals {\ntags = { Owner = "a" }\n}\n';
    const before = { 'a.tf': bucket, 'b.tf': companion, 'c.tf': locals };
    expect(await addresses(before, { 'a.tf': bucket, 'c.tf': locals })).toEqual([
      'aws_s3_bucket.logs',
      'gone: aws_s3_bucket_server_side_encryption_configuration.x',
    ]);
    expect(await addresses(before, { ...before, 'c.tf': locals.replace('"a"', '"b"') })).toEqual([
      'aws_s3_bucket.logs',
    ]);
  });

  test('cannot be judged in a file that cannot be parsed, unless it was so before', async () => {
    const broken = { 'a.tf': 'resource "aws_db_instance" {{{\n' };
    expect(await addresses({}, broken)).toMatch(/^`a.tf` cannot be parsed, line 1/);
    expect(await addresses(broken, { ...broken, 'b/b.tf': more })).toEqual(['aws_s3_bucket.logs']);
    expect(await addresses(broken, { 'a.tf': `${broken['a.tf']}\n# still` })).toMatch(/cannot be parsed/);
    expect(await addresses({}, { 'k.yaml': 'a: [b' })).toMatch(/^`k.yaml` cannot be parsed/);
  });
});
