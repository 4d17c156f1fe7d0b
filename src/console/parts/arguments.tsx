import { visibleLinePieces } from '../../domain/visible-text';
import { argumentsOf } from '../arguments';
import { Name, Pieces } from './theirs';

interface ArgumentsProps {
  /** RFC 8785 JSON. */
  args: string;
  title: string;
  /** Most characters of one argument. */
  maxLength: number;
}

/** The canonical arguments of a call, one by one: exactly these bytes would run. */
export function Arguments({ args, title, maxLength }: ArgumentsProps) {
  const entries = argumentsOf(args);
  const isCut = entries.some(({ text }) => text.length > maxLength);
  return (
    <figure class="theirs">
      <figcaption>{title}</figcaption>
      <section class="theirs-text" aria-label={title} tabindex={0} translate="no">
        {entries.length === 0 ? <p class="quiet">no arguments</p> : null}
        <dl class="arguments">
          {entries.map(({ name, text }) => (
            <div>
              <dt>
                <Name text={name} />
              </dt>
              <dd>
                {visibleLinePieces(text, maxLength).map((pieces) => (
                  <div class="line">
                    <Pieces pieces={pieces} />
                  </div>
                ))}
              </dd>
            </div>
          ))}
        </dl>
      </section>
      {isCut ? <p class="cut">Long arguments are cut here; the approval’s own page shows more.</p> : null}
    </figure>
  );
}
