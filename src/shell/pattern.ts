/** Whether a word fits a table's pattern: `*` is any text, `|` separates alternatives. Letter case counts. */
export function matchesPattern(pattern: string, word: string): boolean {
  if (pattern === word) return true;
  if (!/[*|]/.test(pattern)) return false;
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    const alternatives = pattern.split('|').map((each) => each.split('*').map(literal).join('[\\s\\S]*'));
    expression = new RegExp(`^(?:${alternatives.join('|')})$`);
    compiled.set(pattern, expression);
  }
  return expression.test(word);
}

// Patterns come from the tables and from agent files, so there are few.
const compiled = new Map<string, RegExp>();

function literal(text: string): string {
  return text.replace(/[\\^$.+?()[\]{}]/g, '\\$&');
}
