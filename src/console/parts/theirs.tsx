import { type VisiblePiece, visibleLinePieces, visiblePieces } from '../../domain/visible-text';

/** Who wrote a text that is not ours. */
export type Author = 'model' | 'tool' | 'requester' | 'person' | 'policy';

const FROM: Record<Author, string> = {
  model: 'Written by the model',
  tool: 'Output of a tool',
  requester: 'Written by the requester',
  person: 'Written by a person',
  policy: 'Text of the policy',
};

interface TheirsProps {
  author: Author;
  text: string;
  /** What it is, beside who wrote it. */
  title?: string;
  /** In characters. @default 20_000 */
  maxLength?: number;
}

/**
 * A text that a model, a tool or a person wrote: set apart from what we say, labelled, escaped, cut, with characters
 * that hide made visible. The only ways by which such text comes onto a page are this and its smaller sisters.
 */
export function Theirs({ author, text, title, maxLength = 20_000 }: TheirsProps) {
  const label = title ? `${title} · ${FROM[author].toLowerCase()}` : FROM[author];
  return (
    <figure class="theirs">
      <figcaption>{label}</figcaption>
      <section class="theirs-text" aria-label={label} tabindex={0} translate="no">
        {visibleLinePieces(text, maxLength).map((pieces) => (
          <div class="line">
            <Pieces pieces={pieces} />
          </div>
        ))}
      </section>
      {text.length > maxLength ? (
        <p class="cut">
          Cut here: {maxLength.toLocaleString('en')} of {text.length.toLocaleString('en')} characters are
          shown.
        </p>
      ) : null}
    </figure>
  );
}

/** A short text of theirs within a line of ours. */
export function TheirWords({ text, maxLength = 300 }: { text: string; maxLength?: number }) {
  return (
    <span class="theirs-inline" translate="no">
      <Pieces pieces={visiblePieces(text, maxLength)} />
    </span>
  );
}

/** A name that comes from outside: an agent, a person, a rule, a file. */
export function Name({ text, maxLength = 120 }: { text: string; maxLength?: number }) {
  return (
    <span class="name" translate="no">
      <Pieces pieces={visiblePieces(text, maxLength)} />
    </span>
  );
}

/** One line of theirs in pieces; what stands for a hidden character is marked. */
export function Pieces({ pieces }: { pieces: readonly VisiblePiece[] }) {
  return (
    <>
      {pieces.map(({ text, isEscaped }) =>
        isEscaped ? (
          <mark class="hidden-character" title="a character that hides or passes for another">
            {text}
          </mark>
        ) : (
          text
        ),
      )}
    </>
  );
}
