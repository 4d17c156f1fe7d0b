import type { PolicyVersion } from '../../store/policy-store';
import { ActionForm } from '../parts/form';
import { Name } from '../parts/theirs';
import { Ago } from '../parts/times';
import { paths } from '../paths';

interface VersionsProps {
  name: string;
  versions: readonly PolicyVersion[];
  /** The one on the page. */
  shown: number;
  csrf: string;
  mayWrite: boolean;
}

/** Every version of a policy, each to be looked at, compared with the latest and taken back to. */
export function Versions({ name, versions, shown, csrf, mayWrite }: VersionsProps) {
  return (
    <section class="card" aria-labelledby="versions">
      <h2 id="versions">Versions</h2>
      <ol class="rows versions">
        {versions.map(({ version, publishedBy, publishedAt }, index) => (
          <li>
            <a
              href={index === 0 ? paths.policy(name) : `${paths.policy(name)}?version=${version}`}
              {...(version === shown ? { 'aria-current': 'true' } : {})}
            >
              <span class="unseen">version </span>
              <strong>{version}</strong>
            </a>
            <span class="grow quiet">
              <Name text={publishedBy} maxLength={60} />, <Ago at={publishedAt} />
            </span>
            {index < versions.length - 1 ? (
              <a href={`${paths.policy(name)}/difference?to=${version}`}>
                difference<span class="unseen"> of version {version}</span>
              </a>
            ) : null}
            {mayWrite && index > 0 ? (
              <details>
                <summary>Go back</summary>
                <ActionForm action={`${paths.policy(name)}/rollback`} csrf={csrf}>
                  <button type="submit" name="to" value={String(version)} class="danger">
                    Publish version {version} again
                  </button>
                </ActionForm>
              </details>
            ) : null}
          </li>
        ))}
      </ol>
    </section>
  );
}
