import { visiblePieces } from '../../domain/visible-text';
import { Badge } from './badges';
import { Pieces } from './theirs';

/** Most lines of a difference that are drawn. */
const MAX_LINES = 2_000;

type LineKind = 'add' | 'remove' | 'hunk' | 'file' | 'change' | 'same';

/** A unified patch, line by line: whoever wrote it, it is set apart as theirs. */
export function Patch({ title, patch }: { title: string; patch: string }) {
  return <Coloured title={title} text={patch} kindOf={kindOfPatchLine} />;
}

/** What a plan of Terraform says: what it comes to first, its changes coloured as those of a patch. */
export function Plan({ title, text }: { title: string; text: string }) {
  const found = [...text.matchAll(COUNTS)];
  // Of two such lines one is not terraform's own.
  const counts = found.length === 1 ? found[0] : undefined;
  const [added, changed, destroyed] = (counts?.slice(1) ?? []).map(Number);
  return (
    <>
      {counts ? (
        <p class="row">
          <Badge tone="good" text={`${added} to add`} /> <Badge tone="wait" text={`${changed} to change`} />{' '}
          <Badge tone={destroyed ? 'bad' : 'quiet'} text={`${destroyed} to destroy`} />
        </p>
      ) : null}
      <Coloured title={title} text={withoutProgress(text)} kindOf={kindOfPlanLine} />
    </>
  );
}

const COUNTS = /^Plan: (?:\d+ to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy\.$/gm;

/** A plan without the lines before it, by which Terraform says what it looks at. */
function withoutProgress(text: string): string {
  return text.replace(/^(?:\S+: (?:Refreshing state|Reading|Still reading|Read complete)[^\n]*\n|\n)*/, '');
}

interface ColouredProps {
  title: string;
  text: string;
  kindOf: (line: string) => LineKind;
}

function Coloured({ title, text, kindOf }: ColouredProps) {
  const lines = text.replace(/\n$/, '').split('\n');
  return (
    <figure class="theirs diff">
      <figcaption>{title}</figcaption>
      <section class="theirs-text" aria-label={title} tabindex={0} translate="no">
        {lines.slice(0, MAX_LINES).map((line) => (
          <div class={`line ${kindOf(line)}`}>
            <Pieces pieces={visiblePieces(line.replace(/\r$/, '').replaceAll('\t', '  '), 4_000)} />
          </div>
        ))}
      </section>
      {lines.length > MAX_LINES ? (
        <p class="cut">
          Cut here: {MAX_LINES.toLocaleString('en')} of {lines.length.toLocaleString('en')} lines are shown.
        </p>
      ) : null}
    </figure>
  );
}

function kindOfPatchLine(line: string): LineKind {
  if (/^(---|\+\+\+|diff |index |Index: |====)/.test(line)) return 'file';
  if (line.startsWith('@@')) return 'hunk';
  if (line.startsWith('+')) return 'add';
  if (line.startsWith('-')) return 'remove';
  return 'same';
}

function kindOfPlanLine(line: string): LineKind {
  const sign = /^\s*(-\/\+|\+\/-|[+~-])\s/.exec(line)?.[1];
  if (sign === '+') return 'add';
  if (sign === '~') return 'change';
  // What is replaced is destroyed as well.
  if (sign !== undefined || /^\s*# .* (?:must be replaced|will be (?:replaced|destroyed))/.test(line))
    return 'remove';
  return /^(Plan:|\s*# )/.test(line) ? 'hunk' : 'same';
}
