import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkAgentFile } from '../../src/embedded/import-agent';
import { temporaryFolder } from './temporary-folder';

const folder = temporaryFolder();

test('a tool of the user’s own that is named as a built-in one is refused with the agent that brings it', async () => {
  writeFileSync(
    join(folder, 'tools.yaml'),
    '- { name: Read_File, effect: read, parameters: { type: object } }\n',
  );
  const file = join(folder, 'agent.yaml');
  writeFileSync(file, 'name: shadow\ntier: OBSERVE\ntools: [tools.yaml]\n');
  await expect(checkAgentFile(file)).rejects.toMatchObject({
    code: 'agent-file-invalid',
    message: `${file}: the tool \`Read_File\` cannot be used: there is another tool of this name`,
  });
});
