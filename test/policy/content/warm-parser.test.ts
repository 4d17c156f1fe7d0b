import { warmParserFor } from '../../../src/policy/content/warm-parser';
import { rules } from '../cedar/rules';

test('the parser is got ready for rules that judge content, and for no others', async () => {
  const content = 'forbid (principal, action == Action::"git-push", resource is ContentResource);';
  expect(await warmParserFor(rules(content))).toBe(true);
  expect(
    await warmParserFor(rules('forbid (principal, action == Action::"git-push", resource is Branch);')),
  ).toBe(false);
  expect(await warmParserFor(rules('forbid (principal'))).toBe(false);
});
