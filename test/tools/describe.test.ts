import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeResource } from '../../src/tools/describe';
import { parseHcl } from '../../src/tools/hcl';
import { type ToolWorkspace, toolWorkspace } from '../support/tool-workspace';

let workspace: ToolWorkspace;

function write(path: string, content: string): void {
  mkdirSync(dirname(join(workspace.folder, path)), { recursive: true });
  writeFileSync(join(workspace.folder, path), content);
}

beforeEach(() => {
  workspace = toolWorkspace();
  write(
    'main.tf',
    `# resource "aws_s3_bucket" "commented" {}
/* resource "aws_s3_bucket" "logs" {
*/
locals {
  text = <<-EOT
    resource "aws_s3_bucket" "logs" {
  EOT
}

resource "aws_s3_bucket" "logs" { // the real one
  bucket = "\${var.env}-logs"
  tags   = { Service = "web" }
}
data "aws_ami" "base" {}
variable "env" {
  default = "dev"
}
provider "aws" { region = "eu-central-1" }
`,
  );
  write(
    'modules/net/main.tf',
    'module "network" {\n  source = "./x"\n}\noutput "id" {\n  value = module.network.id\n}\n',
  );
  write('.terraform/modules/x.tf', 'resource "hidden" "one" {}\n');
  write(
    'k8s/web.yaml',
    `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {replicas: 2}
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: hunter2}
`,
  );
  write('other.yml', 'just: data\n');
});
afterEach(() => workspace.remove());

test('lists what Terraform and Kubernetes files declare, with places', async () => {
  expect((await workspace.call(describeResource, {})).text.split('\n')).toEqual([
    'deployment/web  k8s/web.yaml:1  namespace shop',
    'secret/db  k8s/web.yaml:6',
    'aws_s3_bucket.logs  main.tf:10',
    'data.aws_ami.base  main.tf:14',
    'var.env  main.tf:15',
    'provider.aws  main.tf:18',
    'module.network  modules/net/main.tf:1',
    'output.id  modules/net/main.tf:4',
  ]);
  expect((await workspace.call(describeResource, { path: 'modules' })).text).not.toContain('main.tf:10');
});

test('describes one by its address, with its attributes', async () => {
  const { text } = await workspace.call(describeResource, { address: 'aws_s3_bucket.logs' });
  expect(text).toContain('aws_s3_bucket.logs  main.tf:10');
  expect(JSON.parse(text.slice(text.indexOf('\n')))).toEqual({
    bucket: `\${var.env}-logs`,
    tags: { Service: 'web' },
  });
  for (const address of ['deployment/web', 'Deployment/web', 'shop/deployment/web'])
    expect((await workspace.call(describeResource, { address })).text).toContain('"replicas": 2');
});

test('says of a Secret which keys it has, not what they hold', async () => {
  const { text } = await workspace.call(describeResource, { address: 'secret/db' });
  expect(text).toContain('"password": "(hidden)"');
  expect(text).not.toContain('hunter2');
});

test('an unknown address is told what there is; an unreadable file is told by line', async () => {
  write('broken.tf', 'resource "a" "b" {\n  x = \n}\n');
  write('broken.yaml', 'a: [1\nb: 2\n');
  const missing = await workspace.call(describeResource, { address: 'aws_s3_bucket.log' });
  expect(missing).toMatchObject({ ok: false });
  expect(missing.text).toContain('there is aws_s3_bucket.logs');
  expect(missing.text).toContain('broken.tf:2: Invalid expression');
  expect(missing.text).toMatch(/broken\.yaml:[12]: /);
  expect((await workspace.call(describeResource, { path: 'no' })).ok).toBe(false);
});

test('a bomb of aliases or of brackets is refused, and the next file is read', async () => {
  const layers = Array.from(
    { length: 12 },
    (_, index) => `l${index + 1}: &l${index + 1} [${Array(10).fill(`*l${index}`)}]`,
  );
  write('bomb.yaml', `l0: &l0 [x]\n${layers.join('\n')}\n`);
  expect((await workspace.call(describeResource, {})).text).toContain(
    'bomb.yaml:1: its aliases expand too far',
  );
  const deep = await parseHcl('deep.tf', `a = ${'['.repeat(5000)}${']'.repeat(5000)}`);
  expect(deep).toMatchObject({ ok: false, problems: [{ file: 'deep.tf', line: 1 }] });
  expect(await parseHcl('fine.tf', 'a = 1')).toEqual({ ok: true, body: { a: 1 } });
});
