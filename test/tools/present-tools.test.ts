import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtInTools } from '../../src/tools/catalogue';
import { presentTools } from '../../src/tools/present-tools';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-programs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const offered = () => presentTools(builtInTools.values(), [folder]).map(({ name }) => name);

test('a tool is offered only where its program is', () => {
  expect(offered()).not.toContain('terraform-plan');
  expect(offered()).toContain('read-file');
  writeFileSync(join(folder, 'terraform'), '');
  expect(offered()).toContain('terraform-plan');
  expect(offered()).not.toContain('kubectl-apply');
});
