import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gateWith, verdictOf } from './gate';
import { type Timing, timingOf } from './timings';

/** Lines of the kinds that agents write. */
export function syntheticCommands(count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    (SHAPES[index % SHAPES.length] ?? '').replaceAll('%', String(index)),
  );
}

const SHAPES = [
  'ls -la modules/service-%',
  'grep -rn "bucket_%" --include="*.tf" . | sort | uniq -c | sort -rn | head -20',
  'terraform -chdir=modules/m% plan -out=plan-% && terraform show -json plan-% > plan-%.json',
  'for file in modules/*/main.tf; do sed -n "1,%p" "$file"; done',
  'kubectl --context staging -n team-% get pods -o json | jq ".items[].metadata.name"',
  'cat <<EOF > notes-%.md\nline one\nline $(date +%s)\nEOF',
  'if [ -f "a-%.txt" ]; then cp "a-%.txt" "b-%.txt"; else echo none >&2; fi',
  'find . -name "*.log" -mtime +% -exec gzip {} +',
  'sudo env REGION=eu-%  bash -c "aws s3 ls s3://bucket-% | wc -l"',
  'git add -A && git commit -m "change %" && git push origin HEAD',
  'deploy() { helm upgrade --install "$1" ./chart-% --namespace "$2"; }; deploy web team-%',
  'python3 -c "import json,sys; print(json.load(sys.stdin)[\'k%\'])" < data-%.json',
];

/** Commands and scripts of all JSON-lines files in a folder and the folders in it. */
export function corpusCommands(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.jsonl'))
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const { command, script } = JSON.parse(line) as { command?: unknown; script?: unknown };
      return [command, script].filter((text): text is string => typeof text === 'string');
    });
}

/** Every command judged `times` times; each counts with its fastest, which is its own cost and not the machine's. */
export function timeCommands(commands: readonly string[], times: number): Timing {
  const context = gateWith([], 'SANDBOX');
  const fastest = new Float64Array(commands.length).fill(Number.POSITIVE_INFINITY);
  for (let round = 0; round < times; round++)
    for (const [index, command] of commands.entries()) {
      const startedAt = performance.now();
      verdictOf(context, 'run-command', { command });
      fastest[index] = Math.min(fastest[index]!, performance.now() - startedAt);
    }
  return timingOf(fastest);
}

/** A line made to keep a parser busy, its longest time of judging and whether it was ever allowed. */
export interface Attack {
  name: string;
  tookMs: number;
  wasAllowed: boolean;
}

/** Judges hostile lines of a length, each three times. */
export function attacks(length: number): Attack[] {
  const context = gateWith([], 'SANDBOX');
  return HOSTILE.map(([name, text]) => {
    const command = text(length).slice(0, length);
    let tookMs = 0;
    let wasAllowed = false;
    for (let round = 0; round < 3; round++) {
      const startedAt = performance.now();
      wasAllowed ||= verdictOf(context, 'run-command', { command }) === 'allow';
      tookMs = Math.max(tookMs, performance.now() - startedAt);
    }
    return { name, tookMs, wasAllowed };
  });
}

const filled = (text: string) => (length: number) => text.repeat(Math.ceil(length / text.length));
const closed = (open: string, middle: string, close: string) => (length: number) => {
  const depth = Math.floor((length - middle.length) / (open.length + close.length));
  return open.repeat(depth) + middle + close.repeat(depth);
};

const HOSTILE: [name: string, text: (length: number) => string][] = [
  ['substitutions in each other', closed('echo $(', 'rm -rf x', ')')],
  ['open substitutions', filled('$(')],
  ['open parentheses', filled('(')],
  ['open quotes and back quotes', filled('"`')],
  ['braces that multiply', (length) => `rm -rf ${filled('{a,b}')(length - 7)}`],
  ['shells in shells', filled("bash -c '")],
  ['wrappers in wrappers', (length) => `${filled('sudo env ')(length - 9)} rm -rf x`],
  ['one long pipe', (length) => `${filled('cat | ')(length - 12)} rm -rf /`],
  ['values from values', (length) => `${filled('a=$a$a; ')(length - 10)} $a`],
  ['open here-documents', filled('cat <<A\n')],
  ['functions in functions', filled('f() { ')],
  ['nested arithmetic', closed('$((1+', '1', '))')],
];
